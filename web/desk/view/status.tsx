import { useEffect, useRef } from 'preact/hooks';
import { clock } from '../../shared/clock';
import type { Desk } from '../desk';
import { KEYS } from '../keys';
import { wrapUpLeft, type State } from '../state';
import { Button } from '../../shared/ui/button';
import { useNow } from '../../shared/ui/now';
import { useWords } from './words';

/** Reasons that the engine gives and takes back itself. */
const DELAY = '_delay';

interface Props { desk: Desk; state: State; open: boolean; onOpen: (open: boolean) => void }

/** My state: what it is, for how long, and the way out of it. */
export function StateCard({ desk, state, open, onOpen }: Props) {
  const words = useWords();
  const now = useNow();
  const { operator, choosing } = state;
  const is = operator?.state ?? 'offline';
  const left = wrapUpLeft(state, now);
  const passed = operator ? operator.since_ms + now - operator.at : 0;
  const reason = operator?.reason ? words.reasons[operator.reason] ?? operator.reason : '';
  const next = operator?.next && (operator.next === 'ready' ? words.ready.toLowerCase() : (words.reasons[operator.next] ?? operator.next) || words.takeBreak.toLowerCase());
  const canBeReady = is === 'paused' || is === 'wrap_up' || (operator?.next !== null && operator?.next !== 'ready');
  return (
    <section class={`card state ${is}`} aria-labelledby="state-title">
      <h2 id="state-title" class="caption">{words.myState}</h2>
      <p class="big" role="status"><i aria-hidden="true" />{words.states[is]}</p>
      {reason && <p class="reason">{reason}</p>}
      <p class="muted">{operator?.reason?.endsWith(DELAY) ? words.delayHint : words.stateHints[is]}</p>
      {operator && is !== 'ringing' && is !== 'talking' && (
        <p class="timer">
          <b>{clock(left === null ? passed : Math.ceil(left / 1000) * 1000)}</b> <span>{left === null ? words.since : words.left}</span>
        </p>
      )}
      {left !== null && operator && <progress max={Math.max(1, operator.left_ms ?? 1)} value={left} aria-label={words.left} />}
      {next && <p class="next">{words.afterCall(next)}</p>}
      <div class="stack">
        <Button look={canBeReady ? 'good' : 'quiet'} icon="check" keys={KEYS.ready} disabled={!canBeReady || choosing}
          onPress={() => desk.act({ do: 'ready' })}>
          {is === 'wrap_up' ? words.endWrapUp : words.ready}
        </Button>
        <Button icon="cup" keys={KEYS.pause} disabled={choosing} expanded={open} onPress={() => onOpen(!open)}>{words.takeBreak}</Button>
      </div>
      {open && <Breaks onChoose={(why) => { onOpen(false); desk.pause(why); }} />}
    </section>
  );
}

function Breaks({ onChoose }: { onChoose: (reason: string) => void }) {
  const words = useWords();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.querySelector('button')?.focus(), []);
  const reasons = Object.entries(words.breaks);
  const step = (event: KeyboardEvent): void => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0 || at < 0) return;
    event.preventDefault();
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  };
  return (
    <ul class="breaks" ref={list} onKeyDown={step} aria-label={words.takeBreak}>
      {reasons.map(([reason, name]) => (
        <li key={reason}><button type="button" class="button quiet" onClick={() => onChoose(reason)}><span>{name}</span></button></li>
      ))}
    </ul>
  );
}
