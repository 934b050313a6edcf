import { expect, test } from 'vitest';
import type { Alert, QueueView } from '../shared/api';
import { roundUp } from '../shared/ui/chart';
import { changed, fromSnapshot, type Snapshot, type Timed } from '../shared/view';
import { alarms, byNeed, mood, p10Mood, tiles, waitsIn } from './figures';
import { intervals, type QueueLine } from './today';

const QUEUE: Timed<QueueView> = {
  name: 'wallet', pool: 'main', waiting: { priority: 1, standard: 2 }, longest_wait_s: 100, longest_by_class_s: { priority: 8, standard: 100 }, p10: 0.95,
  service_level: 0.9, expected_wait_s: 20, reserve: 1, missing: 0, reserve_cost_s: 0.4, operators: { ready: 1, talking: 2, paused: 0, other: 0 }, at: 1000,
  counts: { offered: 9, answered: 8, within_target: 8, within_10s: 7, abandoned: 1, exited: 0, left: 0, moved: 0 },
};
const CALL = { id: 'a', line: 'l', caller: '+7', class: 'standard', stage: 'waiting', queue: 'wallet', step: 'hold', since_ms: 5000, operator: null };
const SNAPSHOT: Snapshot = { calls: [CALL], operators: [], queues: [QUEUE], draining: false };

test('the class closest to its promise comes first, and its wait goes on between two messages', () => {
  const [first, second] = waitsIn(QUEUE, 2500);
  expect([first?.class, first?.ms, second?.class]).toEqual(['priority', 9500, 'standard']);
  expect([mood(first), mood(waitsIn(QUEUE, 4000)[0]), mood(second), mood(undefined)]).toEqual(['near', 'over', 'fine', 'fine']);
});

test('the promise is kept at nine of ten, in danger below, and broken under eight', () => {
  expect([null, 0.9, 0.89, 0.8, 0.79].map(p10Mood)).toEqual(['fine', 'fine', 'near', 'near', 'over']);
});

test('a change replaces what it names, forgets what has gone, and leaves the rest as it was', () => {
  const view = fromSnapshot(SNAPSHOT, 0);
  const next = changed(view, { calls: [{ ...CALL, id: 'b' }], calls_gone: ['a'] }, 10);
  expect([...next.calls.keys()]).toEqual(['b']);
  expect(next.queues).toBe(view.queues);
  const announced = changed(next, { announcement: { say: ['x'], until: '', reason: '' } }, 20);
  expect(changed(announced, {}, 30).announcement?.say).toEqual(['x']);
  expect(changed(announced, { announcement: null }, 30).announcement).toBeNull();
});

test('the tiles count what the tables show', () => {
  const view = fromSnapshot({ ...SNAPSHOT, calls: [CALL, { ...CALL, id: 'b', stage: 'menu' }, { ...CALL, id: 'c', stage: 'talking' }] }, 0);
  const now = tiles(view, 0);
  expect([now.waiting, now.inMenus, now.talking, now.longest?.queue, now.lowest?.p10]).toEqual([3, 1, 1, 'wallet', 0.95]);
  expect(byNeed(view.calls.values(), 0).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
});

test('the day begins an hour before its first caller and ends now', () => {
  const at = (hour: number): QueueLine => ({ from: new Date(hour * 3600e3).toISOString(), queue: null, class: null, offered: hour === 8 ? 3 : 0 }) as QueueLine;
  const lines = Array.from({ length: 24 }, (_, hour) => at(hour));
  expect(intervals(lines, null, 10 * 3600e3).map(({ from }) => new Date(from).getUTCHours())).toEqual([4, 5, 6, 7, 8, 9, 10]);
  expect(intervals(lines, 'wallet', 10 * 3600e3)).toEqual([]);
});

test('scales end at round numbers', () => {
  expect([0.2, 3, 7, 12, 21, 130].map(roundUp)).toEqual([1, 5, 10, 20, 50, 200]);
});

test('alerts of one kind are one line with the figures of now', () => {
  const alert = (name: string, subject: string, second: number): Alert => ({ name, subject, since_at: new Date(second * 1000).toISOString(), text: 'told' });
  const view = { ...fromSnapshot({ ...SNAPSHOT, queues: [{ ...QUEUE, missing: 4 }] }, 0), alerts: [alert('nobody_ready', 'wallet', 9), alert('nobody_ready', 'gone', 5), alert('promise_at_risk', 'main', 7)] };
  const found = alarms(view, 1000);
  expect(found.map(({ name, since_at, about }) => [name, Date.parse(since_at), about.length])).toEqual([['nobody_ready', 5000, 2], ['promise_at_risk', 7000, 1]]);
  expect(found[0]?.about.map(({ waiting, longestMs }) => [waiting, longestMs])).toEqual([[3, 101_000], [0, 0]]);
  expect(found[1]?.about[0]?.missing).toBe(4);
});
