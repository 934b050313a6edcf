import { expect, it } from 'vitest';
import type { CallEvent } from '../shared/api';
import { clock } from '../shared/clock';
import { share } from './meter';
import { path } from './path';
import { grade, type Counters } from './quality';

const QUIET: Counters = { received: 0, sent: 0, lost: 0, jitterMs: 2, roundTripMs: 20, lossThere: 0 };
const second = (change: Partial<Counters>): Counters => ({ ...QUIET, received: 50, sent: 50, ...change });

it('a clean line is good, a lossy one fair, then poor; nothing at all is silence', () => {
  expect(grade(second({}), QUIET).grade).toBe('good');
  expect(grade(second({ received: 46, lost: 4 }), QUIET).grade).toBe('fair');
  expect(grade(second({ received: 42, lost: 8 }), QUIET).grade).toBe('poor');
  expect(grade(second({ received: 0 }), QUIET).grade).toBe('silent');
});

it('what the engine loses of us counts as much as what we lose', () => {
  expect(grade(second({ lossThere: 0.15 }), QUIET).grade).toBe('poor');
});

it('a long delay spoils a talk without any loss', () => {
  expect(grade(second({ roundTripMs: 800 }), QUIET).grade).toBe('poor');
});

it('loss is of the last second, not of the whole talk', () => {
  const bad = second({ received: 40, lost: 10 });
  expect(grade({ ...bad, received: 90, sent: 100 }, bad).loss).toBe(0);
});

it('a way through the menu ends in its queue: what plays there is no step', () => {
  const event = (at_ms: number, kind: string, detail: Record<string, string>): CallEvent => ({ at_ms, kind, detail });
  const stops = path([
    event(1000, 'step', { flow: 'hotline', step: 'welcome' }),
    event(3000, 'step', { flow: 'hotline', step: 'main' }),
    event(9000, 'step', { flow: 'hotline', step: 'main' }),
    event(9500, 'enqueued', { queue: 'wallet' }),
    event(9500, 'step', { flow: 'waiting', step: 'hold' }),
    event(9900, 'exit', { queue: 'wallet' }),
    event(9901, 'step', { flow: 'hotline', step: 'voicemail' }),
  ]);
  expect(stops.map(({ kind, name, afterMs }) => [kind, name, afterMs])).toEqual([
    ['step', 'welcome', 0], ['step', 'main', 2000], ['queue', 'wallet', 8500], ['step', 'voicemail', 8901],
  ]);
  expect(path([])).toEqual([]);
});

it('writes times as people read them', () => {
  expect([0, 41_900, 725_000, 3_723_000, -5].map(clock)).toEqual(['0:00', '0:41', '12:05', '1:02:03', '0:00']);
});

it('the meter is empty in silence, full at full scale, and halfway at half the decibels', () => {
  expect(share(new Float32Array(8))).toBe(0);
  expect(share(new Float32Array(8).fill(1))).toBe(1);
  expect(share(new Float32Array(8).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5);
});
