// The ring: the Russian cadence (425 Hz, one second of four), made on the spot, and a notification when the page is hidden.

const HERTZ = 425;
const ON_S = 1;
const PERIOD_S = 4;
/** A Priority caller rings twice as often: ten seconds are not long. */
const PRIORITY_PERIOD_S = 2;
const RAMP_S = 0.02;
const BEEP_S = 0.15;

export class Ring {
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  #repeat = 0;
  #note: Notification | null = null;
  volume = 0.6;

  constructor(context: AudioContext) {
    this.#context = context;
    this.#gain = context.createGain();
    this.#gain.connect(context.destination);
  }

  start(priority: boolean): void {
    this.stop();
    const period = priority ? PRIORITY_PERIOD_S : PERIOD_S;
    void this.#context.resume();
    this.#sound(ON_S);
    this.#repeat = window.setInterval(() => this.#sound(ON_S), period * 1000);
  }

  stop(): void {
    clearInterval(this.#repeat);
    this.#gain.disconnect(); // what still sounds ends here
    this.#gain.gain.cancelScheduledValues(0);
    this.#gain.connect(this.#context.destination);
    for (const tone of this.#sounding) tone.stop();
    this.#sounding.clear();
    this.#note?.close();
    this.#note = null;
  }

  /** A short tone: before an answer by itself, and to try the speaker. */
  beep(): void {
    void this.#context.resume();
    this.#sound(BEEP_S);
  }

  notify(title: string, body: string): void {
    if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
    this.#note = new Notification(title, { body, tag: 'hotline-call', requireInteraction: true });
    this.#note.onclick = () => window.focus();
  }

  readonly #sounding = new Set<OscillatorNode>();

  #sound(length: number): void {
    const now = this.#context.currentTime;
    const tone = this.#context.createOscillator();
    const shape = this.#context.createGain();
    tone.frequency.value = HERTZ;
    shape.gain.setValueAtTime(0, now);
    shape.gain.linearRampToValueAtTime(this.volume * 0.5, now + RAMP_S);
    shape.gain.setValueAtTime(this.volume * 0.5, now + length - RAMP_S);
    shape.gain.linearRampToValueAtTime(0, now + length);
    tone.connect(shape).connect(this.#gain);
    tone.start(now);
    tone.stop(now + length);
    this.#sounding.add(tone);
    tone.onended = () => this.#sounding.delete(tone);
  }
}
