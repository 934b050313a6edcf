// A call's story as the page draws it: what happened when, and the ladder of its SIP messages. Pure.
import type { CallEvent } from '../shared/api';

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
