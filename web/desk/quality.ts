// How a talk sounds, from the browser's own counters (W3C webrtc-stats), as an operator understands it: good, fair, poor,
// or silent when nothing comes at all.

export type Grade = 'good' | 'fair' | 'poor' | 'silent';

export interface Quality {
  grade: Grade;
  /** Lost packets of the last second, 0 to 1, whichever direction is worse. */
  loss: number;
  jitterMs: number;
  roundTripMs: number | null;
  received: number;
  sent: number;
}

/** Counters of a talk so far. */
export interface Counters {
  received: number;
  sent: number;
  lost: number;
  jitterMs: number;
  roundTripMs: number | null;
  /** What the engine reports of the way to it. */
  lossThere: number;
}

// ITU-T G.107 simplified for G.711 with concealment: below 70 of 93 many are dissatisfied, below 80 some are.
const FAIR_BELOW = 80;
const POOR_BELOW = 70;
/** G.711's R without faults; what 1 % of loss and 1 ms of delay take away. */
const R_BEST = 93.2;
const LOSS_WEIGHT = 2.5;
const DELAY_WEIGHT = 0.024;
const DELAY_KNEE_MS = 177;
const DELAY_KNEE_WEIGHT = 0.11;
/** Packets that a second has at 20 ms each; fewer than one in five is silence, not loss. */
const PER_SECOND = 50;

export function grade(now: Counters, before: Counters): Quality {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const expected = received + lost;
  const loss = Math.max(expected > 0 ? lost / expected : 0, now.lossThere);
  // A jitter buffer holds about two jitters back.
  const delay = (now.roundTripMs ?? 0) / 2 + 2 * now.jitterMs;
  const r = R_BEST - LOSS_WEIGHT * loss * 100 - DELAY_WEIGHT * delay
    - Math.max(0, delay - DELAY_KNEE_MS) * DELAY_KNEE_WEIGHT;
  const is: Grade = received < PER_SECOND / 5 ? 'silent' : r < POOR_BELOW ? 'poor' : r < FAIR_BELOW ? 'fair' : 'good';
  return { grade: is, loss, jitterMs: now.jitterMs, roundTripMs: now.roundTripMs, received: now.received, sent: now.sent };
}

export async function counters(connection: RTCPeerConnection): Promise<Counters> {
  const is: Counters = { received: 0, sent: 0, lost: 0, jitterMs: 0, roundTripMs: null, lossThere: 0 };
  for (const [, one] of (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>) {
    const number = (name: string): number => (typeof one[name] === 'number' ? (one[name] as number) : 0);
    if (one['type'] === 'inbound-rtp') {
      is.received += number('packetsReceived');
      is.lost += number('packetsLost');
      is.jitterMs = number('jitter') * 1000;
    } else if (one['type'] === 'outbound-rtp') {
      is.sent += number('packetsSent');
    } else if (one['type'] === 'remote-inbound-rtp') {
      is.lossThere = number('fractionLost');
    } else if (one['type'] === 'candidate-pair' && one['nominated'] === true && one['currentRoundTripTime'] !== undefined) {
      is.roundTripMs = number('currentRoundTripTime') * 1000;
    }
  }
  return is;
}
