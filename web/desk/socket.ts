// The WebSocket under the telephone (RFC 7118), as JsSIP wants a socket to be. It notices within seconds that the network has
// gone, which a browser would not for minutes: it asks by the double line break of RFC 5626 §4.4.1 and listens for the single one.
//
//   connect ─▶ opening ─▶ open ⇄ asking
//                 └── OPEN_WITHIN ──┴── SILENCE_MAX ──▶ ondisconnect; JsSIP connects again

const ASK_EVERY_MS = 2000;
const SILENCE_MAX_MS = 5000;
const OPEN_WITHIN_MS = 4000;
/** What a browser says of a connection that broke (RFC 6455 §7.4.1). */
const ABNORMAL = 1006;

export class WatchedSocket {
  readonly url: string;
  readonly sip_uri: string;
  via_transport: string;
  // JsSIP puts its own here before each connect.
  onconnect: () => void = () => {};
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => {};
  ondata: (data: unknown) => void = () => {};
  #ws: WebSocket | null = null;
  #watch = 0;
  #heardAt = 0;

  constructor(url: string) {
    const { host, protocol } = new URL(url);
    this.url = url;
    this.sip_uri = `sip:${host};transport=ws`;
    this.via_transport = protocol.slice(0, -1).toUpperCase();
  }

  isConnected(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.#ws?.readyState === WebSocket.CONNECTING;
  }

  connect(): void {
    if (this.isConnected() || this.isConnecting()) return;
    this.disconnect();
    const ws = new WebSocket(this.url, 'sip');
    ws.binaryType = 'arraybuffer';
    this.#ws = ws;
    this.#watch = window.setTimeout(() => this.#lost('no connection in time'), OPEN_WITHIN_MS);
    ws.onopen = () => {
      this.#heardAt = performance.now();
      clearTimeout(this.#watch);
      this.#watch = window.setInterval(() => this.#ask(), ASK_EVERY_MS);
      this.onconnect();
    };
    ws.onmessage = ({ data }) => {
      this.#heardAt = performance.now();
      this.ondata(data);
    };
    ws.onclose = ({ wasClean, code, reason }) => {
      this.disconnect();
      this.ondisconnect(!wasClean, code, reason);
    };
  }

  disconnect(): void {
    clearInterval(this.#watch); // and the time-out: they share their numbers
    const ws = this.#ws;
    this.#ws = null;
    if (!ws) return;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.close();
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.#ws || !this.isConnected()) return false;
    this.#ws.send(message as string);
    return true;
  }

  #ask(): void {
    if (performance.now() - this.#heardAt > SILENCE_MAX_MS) this.#lost('silent');
    else this.send('\r\n\r\n');
  }

  #lost(why: string): void {
    this.disconnect();
    this.ondisconnect(true, ABNORMAL, why);
  }
}
