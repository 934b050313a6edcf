// The desk at work: brings together the person, his telephone, the sound and the engine's events. What is on the screen
// follows from the state alone.
import { holdDesk } from './alone';
import { Refused, type Person } from '../shared/api';
import { listen } from '../shared/live';
import { api, type Target } from './api';
import { renewing, type Renewal } from './credential';
import * as devices from './devices';
import { keep, recall, type Kept } from './kept';
import type { Intent } from './keys';
import { connect, type Phone } from './phone';
import { counters, grade, type Counters } from './quality';
import { Sound } from './sound';
import type { State } from './state';
import { Store } from './store';
import { WORDS } from './words';

const QUALITY_EVERY_MS = 1000;
/** The tone is heard before the caller is. */
const AUTO_ANSWER_AFTER_MS = 600;
/** The engine has forgotten a call that the telephone still has: its BYE was lost with the line. */
const FORGOTTEN_AFTER_MS = 3000;
/** The engine writes a call's story down within this time. */
const STORY_AFTER_MS = 1000;

export class Desk {
  readonly store = new Store();
  readonly sound = new Sound();
  kept: Kept = recall();
  #phone: Phone | null = null;
  #renewal: Renewal | null = null;
  #stopListening: () => void = () => {};
  #before: Counters | null = null;
  #forgotten = 0;

  async begin(): Promise<void> {
    this.sound.ring.volume = this.kept.ringVolume;
    this.store.watch((state, before) => this.#follow(state, before));
    devices.onChange(() => void this.#devicesChanged());
    setInterval(() => void this.#measure(), QUALITY_EVERY_MS);
    await this.#whoIsIt();
  }

  async signOut(): Promise<void> {
    this.#leave();
    await api.signOut().catch(() => {}); // the cookie stays; the form is shown all the same
    this.store.tell({ type: 'signed_out' });
  }

  useThisWindow(): void {
    const { person } = this.store.state;
    if (person) this.#hold(person, true);
  }

  async allowMicrophone(): Promise<void> {
    const { tell } = this.store;
    tell({ type: 'microphone', is: 'asking' });
    const is = await this.sound.open(this.kept, () => void this.#devicesChanged());
    tell({ type: 'microphone', is });
    if (is !== 'on') return;
    await this.sound.speakOn(this.kept.speaker);
    if (this.sound.stream) this.#phone?.speakBy(this.sound.stream);
    this.#takeLine();
  }

  change(change: Partial<Kept>): void {
    this.kept = { ...this.kept, ...change };
    keep(this.kept);
    this.sound.ring.volume = this.kept.ringVolume;
    if (change.microphone !== undefined) void this.allowMicrophone();
    if (change.speaker !== undefined) {
      void this.sound.speakOn(change.speaker).then((fine) => {
        if (!fine) this.store.tell({ type: 'fault', code: 'speaker-failed' });
      });
    }
    this.store.tell({ type: 'fault', code: null });
  }

  /** What a key or a button of the telephone asks for. */
  act(intent: Intent): void {
    const { call, screen } = this.store.state;
    if (screen !== 'desk') return;
    switch (intent.do) {
      case 'answer': return this.#answer();
      case 'reject':
      case 'hang_up': return this.#phone?.hangUp();
      case 'mute': return this.#phone?.mute(!call?.muted);
      case 'hold': return call?.holding ? undefined : this.#phone?.hold(!call?.held);
      case 'tone': return this.#phone?.tone(intent.tone);
      case 'record': return void this.#record();
      case 'ready': return void this.#choose((id) => api.setReady(id));
    }
  }

  pause(reason: string): void {
    void this.#choose((id) => api.setPaused(id, reason));
  }

  /** Hands the caller on; `attended`: after a word with whoever gets him. */
  async transfer(to: Target, name: string, mode: 'blind' | 'attended'): Promise<void> {
    const id = this.store.state.call?.id;
    if (!id) return;
    this.store.tell({ type: 'handing', handing: { phase: 'asking', to: name } });
    await this.#try(() => api.transfer(id, to, mode));
    this.store.tell({ type: 'handing', handing: null });
  }

  /** Ends a consultation: the caller is the other one's, or mine again. */
  async settle(how: 'complete' | 'back'): Promise<void> {
    const id = this.store.state.call?.id;
    if (id) await this.#try(() => (how === 'complete' ? api.completeTransfer(id) : api.backToCaller(id)));
  }

  /** My own phone rings first and is answered by itself; then the other one's does. */
  async callOut(to: string, ticket: number | null): Promise<void> {
    const { person } = this.store.state;
    if (!person) return;
    const { id } = await api.callOut(person.user, to, ticket);
    this.store.tell({ type: 'dialled', id });
  }

  async note(id: string, disposition: string | null, note: string): Promise<boolean> {
    return this.#try(() => api.note(id, { disposition, note }));
  }

  /** Nobody's card number belongs in a recording. */
  async #record(): Promise<void> {
    const { call, calls } = this.store.state;
    const recording = call?.id ? calls[call.id]?.recording : null;
    if (call?.id && recording) await this.#try(() => api.pauseRecording(call.id ?? '', recording === 'on'));
  }

  async #try(ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask();
      this.store.tell({ type: 'fault', code: null });
      return true;
    } catch (error) {
      // What the engine has no word for here, it says in a sentence: which number, which colleague.
      const code = error instanceof Refused ? (error.status === 409 || error.status === 422) && error.detail || error.code : 'other';
      this.store.tell({ type: 'fault', code });
      return false;
    }
  }

  async #choose(ask: (id: string) => ReturnType<typeof api.setReady>): Promise<void> {
    const { person, choosing } = this.store.state;
    const { tell } = this.store;
    if (!person || choosing) return;
    tell({ type: 'choosing', choosing: true });
    try {
      tell({ type: 'operator', operator: await ask(person.user) });
      tell({ type: 'fault', code: null });
    } catch (error) {
      tell({ type: 'fault', code: error instanceof Refused ? error.code : 'other' });
    } finally {
      tell({ type: 'choosing', choosing: false });
    }
  }

  async #whoIsIt(): Promise<void> {
    try {
      this.welcome(await api.who());
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) this.store.tell({ type: 'signed_out' });
      else setTimeout(() => void this.#whoIsIt(), 2000);
    }
  }

  welcome(person: Person): void {
    this.#leave();
    this.store.tell({ type: 'signed_in', person });
    this.#hold(person, false);
  }

  #hold(person: Person, take: boolean): void {
    holdDesk(take, () => void this.#work(person, take), () => {
      this.#leave();
      this.store.tell({ type: 'screen', screen: 'elsewhere' });
    });
  }

  /** `asked`: the operator has just pressed a button for it, and knows why the browser asks for the microphone. */
  async #work(person: Person, asked: boolean): Promise<void> {
    const { tell } = this.store;
    tell({ type: 'screen', screen: 'desk' });
    try {
      tell({ type: 'operator', operator: await api.operator(person.user) });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return tell({ type: 'screen', screen: 'no_operator' });
    }
    this.#stopListening();
    this.#stopListening = listen({
      snapshot: (snapshot) => tell({ type: 'snapshot', snapshot }),
      change: (change) => tell({ type: 'change', change }),
      live: (live) => tell({ type: 'stream', live }),
      refused: () => void api.who().catch((error) => {
        if (error instanceof Refused && error.status === 401) void this.signOut();
      }),
    });
    if (asked || (await devices.isAllowed())) await this.allowMicrophone();
  }

  /** Registers, once there is a microphone: from then on calls come. */
  #takeLine(): void {
    const { person } = this.store.state;
    const { tell } = this.store;
    if (!person || this.#renewal) return;
    tell({ type: 'line', is: 'connecting' });
    const renewal = renewing(
      person.user,
      (credential) => {
        if (this.#phone) return this.#phone.renew(credential);
        this.#phone = connect(credential, {
          tell,
          hear: (stream) => this.sound.hear(stream),
          refused: () => { tell({ type: 'fault', code: 'sip-refused' }); renewal.again(); },
        });
      },
      (why) => {
        if (why.status === 401) return void this.signOut();
        this.#leave();
        tell({ type: 'screen', screen: 'no_operator' });
      },
    );
    this.#renewal = renewal;
  }

  #leave(): void {
    this.#stopListening();
    this.#renewal?.stop();
    this.#renewal = null;
    this.#phone?.stop();
    this.#phone = null;
    this.sound.ring.stop();
    this.sound.silence();
    this.sound.close();
    this.store.tell({ type: 'left' });
  }

  #answer(): void {
    if (this.sound.stream) this.#phone?.answer(this.sound.stream);
  }

  /** What follows from a change: ring and silence, the caller's story, a call that only one side still has. */
  #follow(state: State, before: State): void {
    const [call, was] = [state.call, before.call];
    const { ring } = this.sound;
    if (call?.phase === 'ringing' && was?.phase !== 'ringing') {
      if (call.resumed || call.out) {
        setTimeout(() => this.#answer(), 0); // after this change has been told to everybody
      } else if (call.autoAnswer || this.kept.autoAnswer) {
        ring.beep();
        setTimeout(() => this.#answer(), AUTO_ANSWER_AFTER_MS);
      } else {
        ring.start(call.class === 'priority' || call.class === 'security');
      }
      const words = WORDS[this.kept.language];
      ring.notify(words.ringTitle(call.caller || words.unknownCaller), `${words.classes[call.class] ?? call.class} · ${call.queue ?? ''}`);
    }
    if (call?.phase === 'ringing' && call.out && !was?.out) this.#answer();
    if (was?.phase === 'ringing' && call?.phase !== 'ringing') ring.stop();
    if (was?.phase === 'talking' && call?.phase !== 'talking') this.sound.silence();
    if (call?.id && call.phase !== was?.phase && call.phase !== 'over') {
      void this.#tellStory(call.id);
      setTimeout(() => void this.#tellStory(call.id), STORY_AFTER_MS);
    }
    // The ring may be here before the engine's other doors know whose call it is: the card is for him whom the view names.
    const mine = (of: State): boolean => of.operator?.call !== null && of.operator?.call === of.call?.id;
    if (call?.id && mine(state) && !(mine(before) && was?.id === call.id)) void this.#tellCard(call.id);
    if (call?.phase !== was?.phase) this.#before = null;
    const forgotten = call?.phase === 'talking' && call.id !== null && state.line === 'up' && state.live && !(call.id in state.calls);
    if (!forgotten) {
      clearTimeout(this.#forgotten);
      this.#forgotten = 0;
    } else if (!this.#forgotten) {
      this.#forgotten = window.setTimeout(() => this.#phone?.forget(), FORGOTTEN_AFTER_MS);
    }
  }

  /** Without it the card is shorter: no matter for a banner. */
  async #tellStory(id: string | null): Promise<void> {
    if (id === null || this.store.state.call?.id !== id) return;
    const story = await api.story(id).catch(() => null);
    if (story) this.store.tell({ type: 'story', id, events: story.events });
  }

  /** Engines without cards, and calls from a phone, have none. */
  async #tellCard(id: string): Promise<void> {
    const card = await api.card(id).catch(() => null);
    if (card) this.store.tell({ type: 'card', id, card });
  }

  async #measure(): Promise<void> {
    const connection = this.store.state.call?.phase === 'talking' ? this.#phone?.connection() : null;
    if (!connection) return;
    const now = await counters(connection);
    if (this.#before) this.store.tell({ type: 'quality', quality: grade(now, this.#before) });
    this.#before = now;
  }

  /** A headset came or went: the chosen one is taken again, in the middle of a talk too. */
  async #devicesChanged(): Promise<void> {
    const { microphone } = this.store.state;
    const listening = this.sound.stream?.getAudioTracks()[0];
    const chosen = this.kept.microphone;
    const { microphones } = await devices.list();
    const returned = chosen !== '' && listening?.getSettings().deviceId !== chosen && microphones.some(({ id }) => id === chosen);
    if (microphone === 'on' && (returned || listening?.readyState === 'ended')) await this.allowMicrophone();
    else if (microphone === 'missing' && microphones.length > 0) await this.allowMicrophone();
  }
}
