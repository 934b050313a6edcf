import { expect, test } from 'vitest';
import { lines, short } from './flows';

test('a diff keeps what was and what is apart, and does not take its own heading for a change', () => {
  const diff = ['--- main.yaml', '+++ main.yaml', '@@ -1,2 +1,2 @@', ' start: welcome', '-say: hello', '+say: good_day'].join('\n');
  expect(lines(diff).map(({ kind }) => kind)).toEqual(['place', 'same', 'minus', 'plus']);
  expect(short('0123456789abcdef')).toBe('012345678');
});
