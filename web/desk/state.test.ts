import { describe, expect, it } from 'vitest';
import type { CallView, OperatorView } from '../shared/api';
import type { Card } from './api';
import { EMPTY, busy, handing, reduce, wrapUpLeft, type Event, type State } from './state';

const OPERATOR: OperatorView = {
  id: '101', name: 'Оператор 101', state: 'ready', reason: null, since_ms: 0, queues: ['wallet'], call: null, next: null,
};
const CALL: CallView = {
  id: 'c1', line: 'qiwi-hotline', caller: '+7916***4567', class: 'priority', stage: 'ringing', queue: 'wallet', step: 'specialist',
  since_ms: 0, operator: '101',
};
const RANG: Event = { type: 'rang', id: 'c1', queue: 'wallet', class: 'priority', waitedS: 3, autoAnswer: false, resumed: false };

/** What a row of events comes to, one second apart. */
const after = (...events: Event[]): State =>
  [{ type: 'signed_in', person: { user: '101', role: 'operator' } } as Event, ...events]
    .reduce((state, event, at) => reduce(state, event, at * 1000), EMPTY);

describe('a call', () => {
  it('rings, is answered, and is over with the length of its talk', () => {
    const state = after(RANG, { type: 'answering' }, { type: 'answered' }, { type: 'ended', ending: 'caller' });
    expect(state.call).toMatchObject({ phase: 'over', talkedMs: 1000, ending: 'caller' });
    expect(busy(state)).toBe(false);
  });

  it('that nobody answered has no talk', () => {
    expect(after(RANG, { type: 'ended', ending: 'missed' }).call).toMatchObject({ talkedMs: 0, ending: 'missed' });
  });

  it('does not give way to a second one', () => {
    expect(after(RANG, { ...RANG, id: 'c2' } as Event).call?.id).toBe('c1');
  });

  it('that the operator ends is his ending, though the other side says BYE first', () => {
    const state = after(RANG, { type: 'answered' }, { type: 'hanging_up' }, { type: 'ended', ending: 'caller' });
    expect(state.call?.ending).toBe('operator');
  });

  it('gets its masked number when the view comes after the ring', () => {
    expect(after(RANG).call?.caller).toBeUndefined();
    expect(after(RANG, { type: 'change', change: { calls: [CALL] } }).call?.caller).toBe('+7916***4567');
    const known = after({ type: 'change', change: { calls: [CALL] } }, RANG);
    expect(known.call?.caller).toBe('+7916***4567');
  });

  it('keeps its number when the engine has forgotten it', () => {
    const state = after(RANG, { type: 'change', change: { calls: [CALL] } }, { type: 'change', change: { calls_gone: ['c1'] } });
    expect(state.call?.caller).toBe('+7916***4567');
  });

  it('takes late news calmly', () => {
    const over = after(RANG, { type: 'ended', ending: 'missed' });
    for (const late of [{ type: 'answered' }, { type: 'held', held: true }, { type: 'pressed', key: '1' }] as Event[]) {
      expect(reduce(over, late, 9000)).toEqual(over);
    }
    expect(reduce(over, { type: 'story', id: 'another', events: [] }, 9000)).toBe(over);
  });

  it('goes on while the line is lost', () => {
    const state = after(RANG, { type: 'answered' }, { type: 'line', is: 'lost' }, { type: 'line', is: 'up' });
    expect(state.call?.phase).toBe('talking');
  });

  it('is off the desk when the operator is ready again, not while he writes it up', () => {
    const talked: Event[] = [RANG, { type: 'answered' }, { type: 'ended', ending: 'caller' }];
    const wrapUp: Event = { type: 'operator', operator: { ...OPERATOR, state: 'wrap_up' } };
    expect(after(...talked, wrapUp).call).not.toBeNull();
    expect(after(...talked, wrapUp, { type: 'operator', operator: OPERATOR }).call).toBeNull();
  });

  it('is held only when the other side agreed', () => {
    const asked = after(RANG, { type: 'answered' }, { type: 'hold_asked' });
    expect(asked.call).toMatchObject({ held: false, holding: true });
    expect(reduce(asked, { type: 'held', held: true }, 9000).call).toMatchObject({ held: true, holding: false });
  });
});

describe('the operator', () => {
  it('is the one who signed in, among all that the engine tells of', () => {
    const others = [{ ...OPERATOR, id: '102', state: 'talking' as const }, OPERATOR];
    const state = after({ type: 'snapshot', snapshot: { calls: [], operators: others, queues: [], draining: false } });
    expect(state.operator?.id).toBe('101');
  });

  it('sees the rest of his wrap-up run down to nothing', () => {
    const state = after({ type: 'operator', operator: { ...OPERATOR, state: 'wrap_up', left_ms: 30_000 } });
    expect(wrapUpLeft(state, 11_000)).toBe(20_000);
    expect(wrapUpLeft(state, 99_000)).toBe(0);
    expect(wrapUpLeft(after({ type: 'operator', operator: { ...OPERATOR, state: 'wrap_up' } }), 0)).toBeNull();
    expect(wrapUpLeft(after({ type: 'operator', operator: OPERATOR }), 0)).toBeNull();
  });

  it('who gave the telephone back has neither line nor call', () => {
    const state = after({ type: 'line', is: 'up' }, { type: 'microphone', is: 'on' }, RANG, { type: 'left' });
    expect(state).toMatchObject({ line: 'off', microphone: 'unasked', call: null, screen: 'desk' });
  });

  it('leaves nothing behind when he signs out', () => {
    expect(after(RANG, { type: 'signed_out' })).toEqual({ ...EMPTY, screen: 'sign_in' });
  });
});

it('a snapshot replaces what was known, a change adds to it', () => {
  const state = after(
    { type: 'change', change: { calls: [CALL], draining: true } },
    { type: 'snapshot', snapshot: { calls: [{ ...CALL, id: 'c9' }], operators: [], queues: [], draining: false } },
    { type: 'change', change: { calls: [{ ...CALL, id: 'c10' }] } },
  );
  expect(Object.keys(state.calls)).toEqual(['c9', 'c10']);
  expect(state.draining).toBe(false);
});

describe('a call that goes on elsewhere, or comes from here', () => {
  it('is answered by itself when the operator asked for it, whichever comes first: its ring or its id', () => {
    expect(after({ type: 'dialled', id: 'c1' }, RANG).call?.out).toBe(true);
    expect(after(RANG, { type: 'dialled', id: 'c1' }).call?.out).toBe(true);
    expect(after({ type: 'dialled', id: 'c9' }, RANG).call?.out).toBe(false);
  });

  it('says whom the operator consults until the call is over', () => {
    const asked = after(RANG, { type: 'answered' }, { type: 'handing', handing: { phase: 'asking', to: 'Operator 102' } });
    expect(handing(asked)).toEqual({ phase: 'asking', to: 'Operator 102' });
    const told = reduce(asked, { type: 'change', change: { calls: [{ ...CALL, transfer: { to: '102', stage: 'consulting' } }] } }, 8000);
    expect(handing(told)).toEqual({ phase: 'consulting', to: 'Operator 102' });
    expect(handing(reduce(told, { type: 'ended', ending: 'caller' }, 9000))).toBeNull();
    expect(handing(after(RANG, { type: 'handing', handing: { phase: 'asking', to: '102' } }))).toBeNull();
  });

  it('has the card of its own caller only', () => {
    const card = { call: 'c1', number: '+79161234567' } as Card;
    expect(after(RANG, { type: 'card', id: 'c1', card }).card?.number).toBe('+79161234567');
    expect(after(RANG, { type: 'card', id: 'c2', card }).card).toBeNull();
    expect(after(RANG, { type: 'card', id: 'c1', card }, { type: 'ended', ending: 'missed' }, { ...RANG, id: 'c3' } as Event).card).toBeNull();
  });
});
