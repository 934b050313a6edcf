// The telephone: JsSIP's user agent, one call at a time, told in the desk's own words. It takes calls; those that
// the operator places ring here first.
import { UA } from 'jssip';
import type { DTMF_TRANSPORT } from 'jssip/lib/Constants';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent } from 'jssip/lib/UA';
import type { Credential } from './api';
import { WatchedSocket } from './socket';
import type { Ending, Event } from './state';

/** Registered for so long; renewed by JsSIP before it ends. */
const REGISTER_S = 120;
/** After a broken line: at once, then slower. A caller waits on the other side. */
const RECONNECT_MIN_S = 1;
const RECONNECT_MAX_S = 4;
const TONE_MS = 120;
/** Another call rings here, or the operator declines: the engine looks for somebody else (RFC 3261 §21.4.24). */
const BUSY_HERE = 486;

export interface Phone {
  renew(credential: Credential): void;
  answer(stream: MediaStream): void;
  hangUp(): void;
  /** The engine has no such call any more. */
  forget(): void;
  mute(muted: boolean): void;
  hold(held: boolean): void;
  tone(tone: string): void;
  /** Another microphone, in the middle of a talk too. */
  speakBy(stream: MediaStream): void;
  connection(): RTCPeerConnection | null;
  stop(): void;
}

export interface Ear {
  tell(event: Event): void;
  /** The caller's voice. */
  hear(stream: MediaStream): void;
  /** The credential was not accepted. */
  refused(): void;
}

export function connect(credential: Credential, ear: Ear): Phone {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const ua = new UA({
    sockets: new WatchedSocket(`${scheme}://${location.host}${credential.ws}`),
    uri: credential.uri,
    password: credential.password,
    register_expires: REGISTER_S,
    connection_recovery_min_interval: RECONNECT_MIN_S,
    connection_recovery_max_interval: RECONNECT_MAX_S,
    user_agent: 'Hotline desk',
  });
  let session: RTCSession | null = null;
  /** Ours for this call: its mute must not silence the level meter. */
  let voice: MediaStream | null = null;
  /** The engine's id of the call, and whether its microphone is off: both outlive a telephone that is lost and comes back. */
  let call: string | null = null;
  let muted = false;
  let toHangUp = false;
  let forgotten = false;
  let lost = false;
  let stopped = false;

  ua.on('connecting', () => ear.tell({ type: 'line', is: session ? 'lost' : 'connecting' }));
  ua.on('disconnected', () => {
    lost = true;
    if (!stopped) ear.tell({ type: 'line', is: 'lost' });
  });
  ua.on('registered', () => {
    ear.tell({ type: 'line', is: 'up' });
    if (toHangUp) hangUp();
    // The engine's side of the dialog still points down the connection that broke; a re-INVITE over the new one moves it.
    else if (lost && talking()?.isReadyToReOffer()) session?.renegotiate();
    lost = false;
  });
  ua.on('registrationFailed', ({ response }) => {
    ear.tell({ type: 'line', is: 'lost' });
    if (response && [401, 403, 407].includes(response.status_code)) ear.refused();
  });
  ua.on('newRTCSession', ({ session: came, request }: RTCSessionEvent) => {
    const header = (name: string): string | null => request.getHeader(name) ?? null;
    const resumed = header('X-Hotline-Resume') === '1';
    // The engine saw the connection close and offers the same call anew; here it never ended.
    const goesOn = resumed && talking() !== null && call !== null && header('X-Hotline-Call') === call;
    if (session && !goesOn) return came.terminate({ status_code: BUSY_HERE });
    const before = session;
    session = came;
    call = header('X-Hotline-Call');
    toHangUp = forgotten = false;
    const asksItself = /answer-after=0/i.test(header('Call-Info') ?? '') || /auto-?answer/i.test(header('Alert-Info') ?? '');
    came.on('peerconnection', ({ peerconnection }) => {
      peerconnection.addEventListener('track', (event) => ear.hear(event.streams[0] ?? new MediaStream([event.track])));
    });
    // The engine is ICE-lite and learns our address from our checks: no candidate is worth waiting for.
    came.on('icecandidate', ({ ready }) => ready());
    came.on('confirmed', () => {
      if (goesOn && muted) came.mute({ audio: true });
      ear.tell({ type: 'answered' });
    });
    came.on('getusermediafailed', () => ear.tell({ type: 'fault', code: 'media-failed' }));
    came.on('ended', ({ originator: by }) => { if (session === came) over(by === 'remote' || forgotten ? 'caller' : 'operator'); });
    came.on('failed', ({ originator: by, cause }) => {
      if (session === came) over(cause === 'Rejected' && by === 'local' ? 'rejected' : cause === 'Canceled' || cause === 'No Answer' ? 'missed' : 'failed');
    });
    if (goesOn) {
      before?.terminate();
      ear.tell({ type: 'held', held: false });
      if (voice) came.answer({ mediaStream: voice, pcConfig: { iceServers: [] } });
      return;
    }
    muted = false;
    ear.tell({
      type: 'rang', id: call, queue: header('X-Hotline-Queue'), class: header('X-Hotline-Class') ?? 'standard',
      waitedS: seconds(header('X-Hotline-Wait')), autoAnswer: asksItself, resumed,
    });
  });

  const over = (ending: Ending): void => {
    session = null;
    toHangUp = false;
    for (const track of voice?.getTracks() ?? []) track.stop();
    voice = null;
    ear.tell({ type: 'ended', ending });
  };
  const hangUp = (): void => {
    if (!session) return;
    ear.tell({ type: 'hanging_up' });
    // A BYE without a line would be lost, and the caller would go on waiting: it goes as soon as there is one.
    toHangUp = !ua.isConnected();
    if (!toHangUp) session.terminate(session.isInProgress() ? { status_code: BUSY_HERE } : {});
    else for (const track of voice?.getTracks() ?? []) track.enabled = false;
  };
  const talking = (): RTCSession | null => (session?.isEstablished() ? session : null);

  ua.start();
  return {
    renew: ({ password }) => {
      ua.set('password', password);
      if (!ua.isRegistered() && ua.isConnected()) ua.register();
    },
    answer: (stream) => {
      if (!session?.isInProgress() || voice) return;
      voice = stream.clone();
      ear.tell({ type: 'answering' });
      session.answer({ mediaStream: voice, pcConfig: { iceServers: [] } });
    },
    hangUp,
    forget: () => {
      forgotten = true;
      talking()?.terminate();
    },
    mute: (off) => {
      if (!talking()) return;
      muted = off;
      if (muted) session?.mute({ audio: true });
      else session?.unmute({ audio: true });
      ear.tell({ type: 'muted', muted });
    },
    hold: (held) => {
      ear.tell({ type: 'hold_asked' });
      const refused = (): void => ear.tell({ type: 'fault', code: 'hold-failed' });
      // JsSIP says `hold` when it asks; it is so when the other side has answered.
      const done = (): void => ear.tell({ type: 'held', held });
      const asked = held ? talking()?.hold({}, done) : talking()?.unhold({}, done);
      if (!asked) {
        ear.tell({ type: 'held', held: !held });
        refused();
      }
    },
    tone: (tone) => {
      talking()?.sendDTMF(tone, { transportType: 'RFC2833' as DTMF_TRANSPORT, duration: TONE_MS });
      ear.tell({ type: 'pressed', key: tone });
    },
    speakBy: (stream) => {
      const sender = session?.connection?.getSenders().find(({ track }) => track?.kind === 'audio');
      if (!sender) return;
      const before = voice;
      voice = stream.clone();
      const track = voice.getAudioTracks()[0] ?? null;
      if (track && sender.track) track.enabled = sender.track.enabled;
      void sender.replaceTrack(track).then(() => before?.getTracks().forEach((old) => old.stop()));
    },
    connection: () => session?.connection ?? null,
    stop: () => {
      stopped = true;
      ua.stop();
    },
  };
}

function seconds(text: string | null): number | null {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isFinite(number) ? number : null;
}
