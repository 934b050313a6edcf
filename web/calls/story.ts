// A call's story as the page draws it: what happened when, and the ladder of its SIP messages. Pure.
import type { CallEvent } from '../shared/api';
import { clock } from '../shared/clock';
import { plain } from '../shared/format';
import type { CommonWords } from '../shared/words';
import type { CallWords } from './words';

export interface Moment { at: number; afterMs: number; kind: string; detail: [string, string][] }

/** The engine writes `at_ms`, newer ones `at`. */
export type Told = Omit<Partial<CallEvent>, 'kind' | 'detail'> & { at?: string; kind: string; detail?: Record<string, unknown> | string | null };

export function moments(events: Told[]): Moment[] {
  const at = (event: Told): number => event.at_ms ?? Date.parse(event.at ?? '');
  const begun = events.length > 0 && events[0] ? at(events[0]) : 0;
  return events.map((event) => ({
    at: at(event), afterMs: at(event) - begun, kind: event.kind,
    detail: typeof event.detail === 'string' ? [['', event.detail]] : Object.entries(event.detail ?? {}).map(([key, value]) => [key, String(value)]),
  }));
}

/** The queue says why it chose an operator, the call that his phone is rung: the same thing at the same moment. */
export const plainly = (all: Moment[]): Moment[] => all.filter(({ kind, detail }, at) => {
  const before = all[at - 1];
  return !(kind === 'offered' && before?.kind === 'chosen' && value(before, 'operator') === value({ detail }, 'operator'));
});

export const value = ({ detail }: Pick<Moment, 'detail'>, key: string): string | undefined => detail.find(([name]) => name === key)?.[1];

/** Shown elsewhere in the line, or said in better words by another one. */
const UNSAID: Record<string, string[]> = { step: ['flow', 'step'], menu_key: ['flow', 'step'], menu_silence: ['flow', 'step'], chosen: ['why', 'ranked'] };

/** What a moment tells, label and value, in the reader's words. */
export function told(moment: Moment, words: CallWords, common: CommonWords): [string, string][] {
  return moment.detail.filter(([key]) => !UNSAID[moment.kind]?.includes(key)).map(([key, value]) => {
    const name = words.keys[key] ?? plain(key);
    if (moment.kind === 'secret') return ['', words.signs(value)];
    if (key === 'rule') return [name, words.rules[value] ?? value];
    if (key === 'class') return [name, common.classes[value] ?? value];
    const known = words.values[key]?.[value];
    if (key === 'heard_ms' && !known) return [name, words.seconds(Number(value) / 1000)];
    return [name, known ?? (key.endsWith('_ms') ? clock(Number(value)) : value)];
  });
}

export interface Message { at: string; from: string; to: string; text: string; leg: string }
export interface Rung { at: string; from: number; to: number; text: string; request: boolean; afterMs: number }
export interface Ladder { lanes: string[]; rungs: Rung[] }

/** Who speaks is a lane, in the order of speaking; the engine is in the middle of all, so it comes second. */
export function ladder(messages: Message[]): Ladder {
  const lanes: string[] = [];
  for (const { from, to } of messages) for (const lane of [from, to]) if (!lanes.includes(lane)) lanes.push(lane);
  const begun = Date.parse(messages[0]?.at ?? '');
  const rungs = messages.map(({ at, from, to, text }) => ({
    at, from: lanes.indexOf(from), to: lanes.indexOf(to), text, request: !/^(SIP\/2\.0 )?\d{3}/.test(text), afterMs: Date.parse(at) - begun,
  }));
  return { lanes, rungs };
}
