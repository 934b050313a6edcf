// The desk's state and all that may happen to it. Pure: no clock, no DOM, no network; `at` is when it happened, in ms.
//
//   call:   none ─▶ ringing ─▶ answering ─▶ talking ─▶ over ─▶ none
//                      └──── missed, rejected ─────────▲
//   line:   off ─▶ connecting ─▶ up ⇄ lost             (a call goes on while the line is lost: its media have their own way)
import type { CallEvent, CallView, OperatorView, Person, QueueView } from '../shared/api';
import type { Change, Snapshot } from '../shared/view';
import type { Card } from './api';
import type { Quality } from './quality';

export type Line = 'off' | 'connecting' | 'up' | 'lost';
export type Microphone = 'unasked' | 'asking' | 'on' | 'refused' | 'missing';
export type Screen = 'loading' | 'sign_in' | 'desk' | 'no_operator' | 'elsewhere';
/** How a call ended, as far as the operator cares. */
export type Ending = 'caller' | 'operator' | 'missed' | 'rejected' | 'failed';

export interface Call {
  phase: 'ringing' | 'answering' | 'talking' | 'over';
  /** The engine's id; null when the INVITE did not say (a call from a phone, not from a queue). */
  id: string | null;
  queue: string | null;
  class: string;
  /** From the API; undefined until the view has come. */
  caller: string | undefined;
  waitedS: number | null;
  autoAnswer: boolean;
  /** The page was loaded anew during this call, and gets it back. */
  resumed: boolean;
  /** The operator calls somebody himself. */
  out: boolean;
  /** Beginning of the phase. */
  since: number;
  /** Length of the talk; set when it is over. */
  talkedMs: number;
  muted: boolean;
  held: boolean;
  /** A hold was asked for and not yet answered. */
  holding: boolean;
  hangingUp: boolean;
  pressed: string;
  ending: Ending | null;
}

/** Where the caller is being handed to: it rings there, or the operator speaks with whoever answered. */
export interface Handing { phase: 'asking' | 'consulting'; to: string }

export interface State {
  screen: Screen;
  person: Person | null;
  microphone: Microphone;
  line: Line;
  /** The engine's stream of events speaks. */
  live: boolean;
  draining: boolean;
  operator: (OperatorView & { at: number }) | null;
  calls: Readonly<Record<string, CallView>>;
  queues: Readonly<Record<string, QueueView & { at: number }>>;
  call: Call | null;
  story: CallEvent[];
  /** What is known of the caller; null until it has come, or when this engine has no cards. */
  card: Card | null;
  /** A transfer was asked for, and the view has not told of it yet. */
  handing: Handing | null;
  /** The name of whom the operator chose for it. */
  handedTo: string | null;
  /** The call that the operator asked for, by its id: its ring is answered by itself. */
  dialled: string | null;
  quality: Quality | null;
  /** Code of what went wrong last, for the words; or the engine's own sentence. */
  fault: string | null;
  /** A choice of state is on its way. */
  choosing: boolean;
}

export const EMPTY: State = {
  screen: 'loading', person: null, microphone: 'unasked', line: 'off', live: false, draining: false, operator: null,
  calls: {}, queues: {}, call: null, story: [], card: null, handing: null, handedTo: null, dialled: null, quality: null, fault: null, choosing: false,
};


export type Event =
  | { type: 'signed_in'; person: Person }
  | { type: 'signed_out' }
  /** The telephone and the microphone were given back. */
  | { type: 'left' }
  | { type: 'screen'; screen: Screen }
  | { type: 'microphone'; is: Microphone }
  | { type: 'line'; is: Line }
  | { type: 'snapshot'; snapshot: Snapshot }
  | { type: 'change'; change: Change }
  | { type: 'operator'; operator: OperatorView }
  | { type: 'stream'; live: boolean }
  | { type: 'rang'; id: string | null; queue: string | null; class: string; waitedS: number | null; autoAnswer: boolean; resumed: boolean }
  | { type: 'answering' }
  | { type: 'answered' }
  | { type: 'muted'; muted: boolean }
  | { type: 'hold_asked' }
  | { type: 'held'; held: boolean }
  | { type: 'pressed'; key: string }
  | { type: 'hanging_up' }
  | { type: 'ended'; ending: Ending }
  | { type: 'card'; id: string; card: Card }
  | { type: 'handing'; handing: State['handing'] }
  | { type: 'dialled'; id: string }
  | { type: 'story'; id: string; events: CallEvent[] }
  | { type: 'quality'; quality: Quality }
  | { type: 'choosing'; choosing: boolean }
  | { type: 'fault'; code: string | null };

/** Keys shown beside the keypad; older ones scroll away. */
const PRESSED_MAX = 32;

export function reduce(state: State, event: Event, at: number): State {
  switch (event.type) {
    case 'signed_in': return { ...EMPTY, screen: 'desk', person: event.person };
    case 'signed_out': return { ...EMPTY, screen: 'sign_in' };
    case 'left': return { ...state, microphone: 'unasked', line: 'off', live: false, call: null, quality: null };
    case 'screen': return { ...state, screen: event.screen };
    case 'microphone': return { ...state, microphone: event.is };
    case 'line': return { ...state, line: event.is };
    case 'stream': return { ...state, live: event.live };
    case 'choosing': return { ...state, choosing: event.choosing };
    case 'fault': return { ...state, fault: event.code };
    case 'snapshot': return snapshot(state, event.snapshot, at);
    case 'change': return change(state, event.change, at);
    case 'operator': return operator(state, event.operator, at);
    case 'rang': {
      // One call at a time: the telephone refuses a second by itself.
      if (busy(state)) return state;
      const { type, ...what } = event;
      const caller = what.id === null ? undefined : state.calls[what.id]?.caller;
      return {
        ...state, story: [], card: null, handing: null, handedTo: null, quality: null, fault: null, dialled: null,
        call: {
          ...what, caller, out: what.id !== null && what.id === state.dialled, phase: 'ringing', since: at, talkedMs: 0, muted: false, held: false, holding: false,
          hangingUp: false, pressed: '', ending: null,
        },
      };
    }
    case 'answering': return onCall(state, ['ringing'], (call) => ({ ...call, phase: 'answering', since: at }));
    case 'answered': return onCall(state, ['ringing', 'answering'], (call) => ({ ...call, phase: 'talking', since: at }));
    case 'muted': return onCall(state, ['talking'], (call) => ({ ...call, muted: event.muted }));
    case 'hold_asked': return onCall(state, ['talking'], (call) => ({ ...call, holding: true }));
    case 'held': return onCall(state, ['talking'], (call) => ({ ...call, held: event.held, holding: false }));
    case 'pressed':
      return onCall(state, ['talking'], (call) => ({ ...call, pressed: (call.pressed + event.key).slice(-PRESSED_MAX) }));
    case 'hanging_up':
      return onCall(state, ['ringing', 'answering', 'talking'], (call) => ({ ...call, hangingUp: true }));
    case 'ended':
      return onCall({ ...state, quality: null, handing: null }, ['ringing', 'answering', 'talking'], (call) => ({
        ...call, phase: 'over', since: at, talkedMs: call.phase === 'talking' ? at - call.since : 0,
        held: false, holding: false, hangingUp: false, ending: call.hangingUp && event.ending === 'caller' ? 'operator' : event.ending,
      }));
    case 'card': return state.call?.id === event.id ? { ...state, card: event.card } : state;
    case 'handing': return state.call?.phase === 'talking' ? { ...state, handing: event.handing, handedTo: event.handing?.to ?? state.handedTo } : state;
    case 'dialled': return dialled(state, event.id);
    case 'story': return state.call?.id === event.id ? { ...state, story: event.events } : state;
    case 'quality': return state.call?.phase === 'talking' ? { ...state, quality: event.quality } : state;
  }
}

/** A call rings or is on. */
export const busy = (state: State): boolean => state.call !== null && state.call.phase !== 'over';

/** The transfer under way; the engine knows of it after the page was loaded anew, too. */
export function handing(state: State): Handing | null {
  const transfer = state.call?.id && state.call.phase === 'talking' ? state.calls[state.call.id]?.transfer : null;
  if (!transfer) return state.handing;
  return { phase: transfer.stage === 'consulting' ? 'consulting' : 'asking', to: state.handedTo ?? transfer.to ?? '' };
}

/** The rest of the wrap-up in ms; null when there is none, or when the engine does not say. */
export function wrapUpLeft({ operator }: State, now: number): number | null {
  if (operator?.state !== 'wrap_up' || operator.left_ms === undefined || operator.left_ms === null) return null;
  return Math.max(0, operator.left_ms - (now - operator.at));
}

/** Its ring may have come before the answer that names it. */
function dialled(state: State, id: string): State {
  if (state.call?.id !== id || !busy(state)) return { ...state, dialled: id };
  return { ...state, call: { ...state.call, out: true } };
}

function onCall(state: State, phases: Call['phase'][], then: (call: Call) => Call): State {
  return state.call && phases.includes(state.call.phase) ? { ...state, call: then(state.call) } : state;
}

function snapshot(state: State, { calls, operators, queues, draining }: Snapshot, at: number): State {
  return change({ ...state, calls: {}, queues: {} }, { calls, operators, queues, draining }, at);
}

function change(state: State, change: Change, at: number): State {
  const calls = { ...state.calls };
  for (const call of change.calls ?? []) calls[call.id] = call;
  for (const id of change.calls_gone ?? []) delete calls[id];
  const queues = { ...state.queues };
  for (const queue of change.queues ?? []) queues[queue.name] = { ...queue, at };
  for (const name of change.queues_gone ?? []) delete queues[name];
  const next = { ...state, calls, queues, draining: change.draining ?? state.draining };
  const mine = change.operators?.find((operator) => operator.id === state.person?.user);
  return named(mine ? operator(next, mine, at) : next);
}

/** The card of the last call goes when the operator is free for the next one. */
function operator(state: State, operator: OperatorView, at: number): State {
  const free = state.operator?.state !== 'ready' && operator.state === 'ready';
  const call = free && state.call?.phase === 'over' ? null : state.call;
  return { ...state, operator: { ...operator, at }, call };
}

/** The caller's number may come later than the ring. */
function named(state: State): State {
  const view = state.call?.id ? state.calls[state.call.id] : undefined;
  if (!state.call || !view || view.caller === state.call.caller) return state;
  return { ...state, call: { ...state.call, caller: view.caller } };
}
