import { expect, test } from 'vitest';
import { mood, stops, type MenuLine } from './xray';

const LINE: MenuLine = { flow: 'a', step: 'main', entered: 20, keys: 10, wrong_keys: 2, silences: 2, heard_to_the_end: 0.5, barge_in_ms: 900, left: 5, to_person_ms: 9000 };
const step = (name: string, says = '') => ({ name, kind: 'menu', says: says ? { en: says } : {} });

test('steps come in the order of the flow, and those that nobody hears only when callers left there', () => {
  const lines = [LINE, { ...LINE, step: 'look', left: 0, keys: 0, silences: 0 }, { ...LINE, step: 'switch', keys: 0, silences: 0 }, { ...LINE, flow: 'b' }];
  const found = stops(lines, 'a', [step('switch'), step('look'), step('main', 'Press one')], 'en');
  expect(found.map((stop) => [stop.step, stop.says])).toEqual([['switch', ''], ['main', 'Press one']]);
  expect(stops(lines, 'a', [], 'en').map((stop) => stop.step)).toEqual(['look', 'main', 'switch']);
});

test('errors are a part of what was heard, the leaving a part of who came', () => {
  const [main] = stops([LINE], 'a', [], 'en');
  expect([main?.errors, main?.errorShare, main?.leftShare]).toEqual([4, 4 / 12, 0.25]);
  expect([mood(0.2, 20), mood(0.2, 3), mood(0.1, 20)]).toEqual(['near', 'fine', 'fine']);
});
