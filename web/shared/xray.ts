// Menu X-ray: what callers do at the steps of a flow today, as `GET /reports/menu` counts it. Pure.
import type { StepText } from './api';
import type { Language } from './look';

export interface MenuLine {
  flow: string;
  step: string;
  /** Calls came here so often. */
  entered: number;
  keys: number;
  wrong_keys: number;
  silences: number;
  /** Null where nothing was pressed or waited for. */
  heard_to_the_end: number | null;
  barge_in_ms: number | null;
  left: number;
  to_person_ms: number | null;
}

export interface Stop extends MenuLine { says: string; errors: number; leftShare: number; errorShare: number }

/** A part of the callers that deserves a look, where there were enough of them to judge by. */
const MANY = 0.15;
const ENOUGH = 10;

/** The steps at which callers hear or do something, in the flow's own order. */
export function stops(lines: MenuLine[], flow: string, steps: StepText[], language: Language): Stop[] {
  const order = new Map(steps.map((step, at) => [step.name, { at, says: step.says[language] ?? '' }]));
  const place = (name: string): number => order.get(name)?.at ?? order.size;
  return lines
    .filter((line) => line.flow === flow && (steps.length === 0 || order.get(line.step)?.says || line.left > 0 || line.keys + line.silences > 0))
    .map((line) => {
      const errors = line.wrong_keys + line.silences;
      const hearings = line.keys + line.silences;
      return { ...line, says: order.get(line.step)?.says ?? '', errors, leftShare: part(line.left, line.entered), errorShare: part(errors, hearings) };
    })
    .sort((a, b) => place(a.step) - place(b.step) || (a.step < b.step ? -1 : 1));
}

const part = (of: number, all: number): number => (all > 0 ? of / all : 0);

export const mood = (share: number, all: number): 'fine' | 'near' => (all >= ENOUGH && share >= MANY ? 'near' : 'fine');
