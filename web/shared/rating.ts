// How a line sounds to people, from what was counted on it. Pure.

export type Rating = 'good' | 'fair' | 'poor';

// ITU-T G.107 simplified for G.711 with concealment: below 70 of 93 many are dissatisfied, below 80 some are.
const FAIR_BELOW = 80;
const POOR_BELOW = 70;
/** G.711's R without faults; what 1 % of loss and 1 ms of delay take away. */
const R_BEST = 93.2;
const LOSS_WEIGHT = 2.5;
const DELAY_WEIGHT = 0.024;
const DELAY_KNEE_MS = 177;
const DELAY_KNEE_WEIGHT = 0.11;

/** `loss` from 0 to 1. */
export function rating(loss: number, jitterMs: number, roundTripMs: number | null): Rating {
  // A jitter buffer holds about two jitters back.
  const delay = (roundTripMs ?? 0) / 2 + 2 * jitterMs;
  const r = R_BEST - LOSS_WEIGHT * loss * 100 - DELAY_WEIGHT * delay - Math.max(0, delay - DELAY_KNEE_MS) * DELAY_KNEE_WEIGHT;
  return r < POOR_BELOW ? 'poor' : r < FAIR_BELOW ? 'fair' : 'good';
}
