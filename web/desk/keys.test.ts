import { expect, it } from 'vitest';
import { intent, type Pressed } from './keys';
import { EMPTY, reduce, type State } from './state';

const press = (code: string, key: string, more: Partial<Pressed> = {}): Pressed =>
  ({ code, key, modified: false, repeated: false, typing: false, ...more });

const idle: State = { ...EMPTY, screen: 'desk' };
const ringing = reduce(idle, { type: 'rang', id: null, queue: null, class: 'standard', waitedS: null, autoAnswer: false, resumed: false }, 0);
const talking = reduce(ringing, { type: 'answered' }, 0);

it('letters go by their place on the board, in any layout', () => {
  expect(intent(press('KeyA', 'a'), ringing)).toEqual({ do: 'answer' });
  expect(intent(press('KeyA', 'ф'), ringing)).toEqual({ do: 'answer' });
});

it('one key declines what rings and hangs up what talks', () => {
  expect(intent(press('KeyX', 'x'), ringing)).toEqual({ do: 'reject' });
  expect(intent(press('KeyX', 'x'), talking)).toEqual({ do: 'hang_up' });
  expect(intent(press('KeyX', 'x'), idle)).toBeNull();
});

it('digits are tones in a talk and nothing else', () => {
  expect(intent(press('Digit5', '5'), talking)).toEqual({ do: 'tone', tone: '5' });
  expect(intent(press('Digit3', '#'), talking)).toEqual({ do: 'tone', tone: '#' });
  expect(intent(press('Digit5', '5'), idle)).toBeNull();
});

it('the browser, text fields and a key that is held down are left alone', () => {
  for (const more of [{ modified: true }, { typing: true }, { repeated: true }]) {
    expect(intent(press('KeyR', 'r', more), idle)).toBeNull();
  }
  expect(intent(press('Escape', 'Escape', { typing: true }), idle)).toEqual({ do: 'close' });
});

it('nothing is pressed by accident before signing in', () => {
  expect(intent(press('KeyR', 'r'), { ...EMPTY, screen: 'sign_in' })).toBeNull();
});

it('a caller is handed on in a talk, a number is dialled outside one, a note is written once there is a call', () => {
  expect([talking, ringing, idle].map((state) => intent(press('KeyT', 't'), state)?.do)).toEqual(['transfer', undefined, undefined]);
  expect([talking, ringing, idle].map((state) => intent(press('KeyC', 'c'), state)?.do)).toEqual([undefined, undefined, 'call_out']);
  expect([talking, ringing, idle].map((state) => intent(press('KeyN', 'n'), state)?.do)).toEqual(['note', undefined, undefined]);
});
