import { expect, test } from 'vitest';
import { query, route } from './api';
import { length, moment, phone, share } from './format';
import { COMMON } from './words';

test('a share is never rounded up to a promise that was not kept', () => {
  expect([0.8999, 0.9, 1, null].map((value) => share(value, 'en'))).toEqual(['89%', '90%', '100%', '–']);
  expect(share(0.29, 'en')).toBe('29%');
});

test('what is not known is a dash, and what is no time is shown as it came', () => {
  expect([length(null), length(61_000), moment(null, 'ru'), moment('soon', 'ru')]).toEqual(['–', '1:01', '–', 'soon']);
});

test('a number is read in groups, and what is none is left alone', () => {
  expect(['79161234567', '+7916***4567', '4915112345678', '102'].map(phone)).toEqual(['+7 916 123-45-67', '+7916***4567', '+4915112345678', '102']);
});

test('what a path may not hold is made safe', () => {
  expect(route`messages/${'a/b c'}/audio`).toBe('messages/a%2Fb%20c/audio');
  expect(query('tickets', { status: 'open', cursor: null, number: '+7' })).toBe('tickets?status=open&number=%2B7');
  expect(query('tickets', { status: '' })).toBe('tickets');
});

test('both languages name the same things', () => {
  for (const group of ['classes', 'states', 'stages', 'reasons', 'results', 'faults', 'roles', 'pages'] as const) {
    expect(Object.keys(COMMON.ru[group]).sort()).toEqual(Object.keys(COMMON.en[group]).sort());
  }
});
