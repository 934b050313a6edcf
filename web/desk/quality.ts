// How a talk sounds, from the browser's own counters (W3C webrtc-stats), as an operator understands it: good, fair, poor,
// or silent when nothing comes at all.

import { rating, type Rating } from '../shared/rating';

export type Grade = Rating | 'silent';

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

/** Packets that a second has at 20 ms each; fewer than one in five is silence, not loss. */
const PER_SECOND = 50;

export function grade(now: Counters, before: Counters): Quality {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const expected = received + lost;
  const loss = Math.max(expected > 0 ? lost / expected : 0, now.lossThere);
  const is: Grade = received < PER_SECOND / 5 ? 'silent' : rating(loss, now.jitterMs, now.roundTripMs);
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
