import { expect, test } from 'vitest';
import { ladder, moments } from './story';

test('a story is told from its beginning, whichever way its times are written', () => {
  const told = moments([{ at_ms: 1000, kind: 'step', detail: { step: 'welcome' } }, { at: '1970-01-01T00:00:03.500Z', kind: 'ended', detail: 'by the caller' }]);
  expect(told.map(({ afterMs }) => afterMs)).toEqual([0, 2500]);
  expect(told.map(({ detail }) => detail)).toEqual([[['step', 'welcome']], [['', 'by the caller']]]);
  expect(moments([])).toEqual([]);
});

test('a ladder has a lane for each who speaks, and knows a request from an answer', () => {
  const at = (ms: number): string => new Date(ms).toISOString();
  const { lanes, rungs } = ladder([
    { at: at(0), from: 'caller', to: 'hotline', text: 'INVITE sip:8800@x', leg: 'a' },
    { at: at(20), from: 'hotline', to: 'caller', text: 'SIP/2.0 200 OK', leg: 'a' },
    { at: at(900), from: 'hotline', to: '101', text: 'INVITE sip:101@x', leg: 'b' },
  ]);
  expect(lanes).toEqual(['caller', 'hotline', '101']);
  expect(rungs.map(({ from, to, request, afterMs }) => [from, to, request, afterMs])).toEqual([[0, 1, true, 0], [1, 0, false, 20], [1, 2, true, 900]]);
});
