import { useEffect, useRef, useState } from 'preact/hooks';
import type { OperatorView } from '../../shared/api';
import { Button } from '../../shared/ui/button';
import { useLoad } from '../../shared/ui/load';
import { useCommon } from '../../shared/words';
import type { Target } from '../api';
import type { Desk } from '../desk';
import { handing, type State } from '../state';
import { useWords } from './words';

type Kind = 'operator' | 'queue' | 'number';
const EVERY_MS = 3000;

/** Hands the caller to a colleague, a queue (his wait counts on) or a number; with a word before it, if one likes. */
export function Transfer({ desk, state, onClose }: { desk: Desk; state: State; onClose: () => void }) {
  const [words, common] = [useWords(), useCommon()];
  const [kind, setKind] = useState<Kind>('operator');
  const [chosen, setChosen] = useState('');
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => first.current?.focus(), []);
  const under = handing(state);
  const all = useLoad<OperatorView[]>(under ? null : 'operators', EVERY_MS);
  if (under) {
    return (
      <div class="handing" role="status">
        <p>{under.phase === 'asking' ? words.asking(under.to) : words.consulting(under.to)}</p>
        <p class="row">
          {under.phase === 'consulting' && <Button look="good" onPress={() => { void desk.settle('complete'); onClose(); }}>{words.complete}</Button>}
          <Button onPress={() => { void desk.settle('back'); onClose(); }}>{words.back}</Button>
        </p>
      </div>
    );
  }
  const ready = (all.data ?? []).filter(({ id, state: is }) => is === 'ready' && id !== state.person?.user);
  const options: [string, string][] = kind === 'operator' ? ready.map(({ id, name }) => [id, name || id]) : Object.keys(state.queues).map((name) => [name, name]);
  const value = kind === 'number' ? chosen.trim() : options.find(([id]) => id === chosen)?.[0] ?? options[0]?.[0] ?? '';
  const target: Target = kind === 'operator' ? { operator: value } : kind === 'queue' ? { queue: value } : { number: value };
  const name = options.find(([id]) => id === value)?.[1] ?? value;
  const go = (mode: 'blind' | 'attended') => () => { void desk.transfer(target, name, mode); onClose(); };
  const kinds: [Kind, string][] = [['operator', words.toOperator], ['queue', words.toAQueue], ['number', words.toNumber]];
  return (
    <div class="handing" role="group" aria-label={words.transfer}>
      <div class="row wrap">
        <select ref={first} aria-label={words.handTo} value={kind} onChange={(event) => { setKind(event.currentTarget.value as Kind); setChosen(''); }}>
          {kinds.map(([is, text]) => <option key={is} value={is}>{text}</option>)}
        </select>
        {kind === 'number'
          ? <input type="tel" aria-label={words.toNumber} placeholder={words.numberHint} value={chosen} onInput={(event) => setChosen(event.currentTarget.value)} />
          : (
            <select aria-label={words.handTo} value={value} onChange={(event) => setChosen(event.currentTarget.value)} disabled={options.length === 0}>
              {options.length === 0 && <option value="">{kind === 'operator' ? words.noColleague : common.none}</option>}
              {options.map(([id, text]) => <option key={id} value={id}>{text}</option>)}
            </select>
          )}
        <Button look="main" disabled={!value} onPress={go('blind')}>{words.blind}</Button>
        {kind !== 'queue' && <Button disabled={!value} onPress={go('attended')}>{words.attended}</Button>}
        <Button onPress={onClose}>{common.cancel}</Button>
      </div>
    </div>
  );
}
