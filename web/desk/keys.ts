// The keyboard: which key means what, now. Letters go by their place on the board (`code`), so that they work in the Russian
// layout too. Pure.
import type { State } from './state';
import { busy } from './state';

export type Intent =
  | { do: 'answer' | 'reject' | 'hang_up' | 'mute' | 'hold' | 'ready' | 'pause' | 'keypad' | 'transfer' | 'note' | 'call_out' | 'sound' | 'help' | 'record' | 'close' }
  | { do: 'tone'; tone: string };

export interface Pressed {
  code: string;
  key: string;
  /** With Ctrl, Alt or Meta: the browser's. */
  modified: boolean;
  repeated: boolean;
  /** In a field that takes text: nobody's but the field's. */
  typing: boolean;
}

/** What is printed on the buttons. */
export const KEYS = {
  answer: 'A', reject: 'X', hang_up: 'X', mute: 'M', hold: 'H', ready: 'R', pause: 'P', keypad: 'K', transfer: 'T', note: 'N', call_out: 'C', sound: 'S', record: 'G', help: '?',
} as const;

export function intent(pressed: Pressed, state: State): Intent | null {
  if (pressed.modified || pressed.repeated) return null;
  if (pressed.key === 'Escape') return { do: 'close' };
  if (pressed.typing || state.screen !== 'desk') return null;
  const talking = state.call?.phase === 'talking';
  if (talking && /^[0-9*#]$/.test(pressed.key)) return { do: 'tone', tone: pressed.key };
  if (pressed.key === '?' || pressed.key === 'F1') return { do: 'help' };
  switch (pressed.code) {
    case 'KeyA': return state.call?.phase === 'ringing' ? { do: 'answer' } : null;
    case 'KeyX': return !busy(state) ? null : state.call?.phase === 'ringing' ? { do: 'reject' } : { do: 'hang_up' };
    case 'KeyM': return talking ? { do: 'mute' } : null;
    case 'KeyH': return talking ? { do: 'hold' } : null;
    case 'KeyK': return talking ? { do: 'keypad' } : null;
    case 'KeyG': return talking ? { do: 'record' } : null;
    case 'KeyT': return talking ? { do: 'transfer' } : null;
    case 'KeyN': return state.call !== null && state.call.phase !== 'ringing' ? { do: 'note' } : null;
    case 'KeyC': return busy(state) ? null : { do: 'call_out' };
    case 'KeyR': return { do: 'ready' };
    case 'KeyP': return { do: 'pause' };
    case 'KeyS': return { do: 'sound' };
    default: return null;
  }
}
