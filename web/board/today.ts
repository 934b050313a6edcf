// Today's figures: what `GET /reports/…` tells, as far as the board shows it. Pure.
import { rating } from '../shared/rating';
import type { Mood } from './figures';

export interface QueueLine {
  from: string;
  to: string;
  /** Null on a line of all queues. */
  queue: string | null;
  /** Null on a line of all classes. */
  class: string | null;
  offered: number;
  connected: number;
  connected_within_target: number;
  hung_up: number;
  hung_up_short: number;
  p10: number | null;
  service_level: number | null;
  service_level_with_abandons: number | null;
  answered_within_target_of_answered: number | null;
  /** Mean wait of those who were connected. */
  asa_ms: number | null;
  wait_max_ms: number;
}

export interface OperatorLine {
  operator: string | null;
  no_answer: number;
  rejected: number;
  unreachable: number;
  talks: number;
  aht_ms: number | null;
  occupancy: number | null;
}

/** How an operator's line was, over his calls of today. */
export interface LineQuality { operator: string; calls: number; loss: number; jitter_ms: number; round_trip_ms: number | null }

/** As the desk judges it: what many complain of is bad. */
export function lineMood({ loss, jitter_ms, round_trip_ms }: LineQuality): Mood {
  return ({ good: 'fine', fair: 'near', poor: 'over' } as const)[rating(loss, jitter_ms, round_trip_ms)];
}

export interface Report<L> { from: string; to: string; lines: L[] }

/** The intervals of one queue (null: of all), up to now; nothing where nothing happened at all. */
export function intervals(lines: QueueLine[], queue: string | null, now: number): QueueLine[] {
  const mine = lines.filter((line) => line.queue === queue && line.class === null && Date.parse(line.from) <= now);
  const first = mine.findIndex((line) => line.offered > 0);
  // An hour of quiet before the first caller gives the eye a beginning.
  return first < 0 ? [] : mine.slice(Math.max(0, first - 4));
}

export const byClass = (lines: QueueLine[], queue: string): QueueLine[] =>
  lines.filter((line) => line.queue === queue && line.class !== null && line.offered > 0);
