import { expect, test } from 'vitest';
import { COMMON } from '../shared/words';
import { ladder, moments, plainly, told } from './story';
import { sentences, type Explanation } from './why';
import { WORDS } from './words';

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

test('what happened is told in the reader’s words, and the same thing once', () => {
  const [chosen, offered, key, secret] = moments([
    { at_ms: 0, kind: 'chosen', detail: { operator: '101', rule: 'order', why: 'in English', ranked: '1. 101' } },
    { at_ms: 0, kind: 'offered', detail: { operator: '101' } },
    { at_ms: 5, kind: 'menu_key', detail: { flow: 'f', step: 's', key: 'wrong', heard_ms: '1240' } },
    { at_ms: 9, kind: 'secret', detail: { digits: '4' } },
  ]);
  const all = [chosen, offered, key, secret].filter((one) => one !== undefined);
  expect(plainly(all).map(({ kind }) => kind)).toEqual(['chosen', 'menu_key', 'secret']);
  expect(plainly(all).map((one) => told(one, WORDS.ru, COMMON.ru))).toEqual([
    [['оператор', '101'], ['по правилу', 'первый по времени и классу']], [['клавиша', 'не из меню'], ['прослушал', '1,2 с']], [['', 'знаков: 4']],
  ]);
});

test('why a caller waits is said in sentences, of his place and of what held him back', () => {
  const standing: Explanation['standing'] = {
    queue: 'wallet', class: 'standard', stage: 'waiting', waited: { secs: 41, nanos: 5e8 }, ahead: { returned: 0, priority: 1, others: 2 },
    meanwhile: { priority: 3, order: 0 }, reserve: 1, ready: 1, held_back: true, withheld: { secs: 8, nanos: 0 }, due_in: null,
  };
  expect(sentences({ standing, decisions: [] }, WORDS.ru, COMMON.ru)).toEqual([
    'Класс «Обычный», очередь wallet, ждёт уже 0:41.', 'Перед ним 3: «Приоритет» 1, остальные 2.', 'Свободны 1, из них оставлены для «Приоритета» 1.',
    'С тех пор обслужены: «Приоритет»: 3.', 'Из них 0:08 оператор был оставлен для «Приоритета».',
  ]);
  const talking = { ...standing, stage: 'talking' as const };
  expect(sentences({ standing: talking, decisions: [] }, WORDS.en, COMMON.en)).toEqual(['Now talking, after 0:41 of waiting.']);
});

test('both languages name the same moments', () => {
  for (const group of ['kinds', 'keys', 'values', 'rules', 'standing', 'served_by'] as const) {
    expect(Object.keys(WORDS.ru[group]).sort()).toEqual(Object.keys(WORDS.en[group]).sort());
  }
  expect(Object.keys(WORDS.ru.values['cause'] ?? {}).sort()).toEqual(Object.keys(WORDS.en.values['cause'] ?? {}).sort());
});
