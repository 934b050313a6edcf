import type { CallEvent } from '../../shared/api';
import { clock } from '../../shared/clock';
import { plain } from '../../shared/format';
import { useLanguage } from '../../shared/words';
import type { Card } from '../api';
import { path } from '../path';
import { useWords } from './words';

/** Stops shown; of a long way the last ones matter. */
const STOPS_MAX = 8;

/** `said`: what the caller heard at the steps, as his card tells. */
export function Path({ story, said }: { story: CallEvent[]; said: Card['path'] }) {
  const [words, language] = [useWords(), useLanguage()];
  const says = (name: string): string => said.find(({ step }) => step.endsWith(`/${name}`))?.says[language] ?? '';
  // A step that is not heard is the flow's own affair; without a card nobody knows which they are.
  const stops = path(story).filter(({ kind, name }) => kind !== 'step' || said.length === 0 || says(name) !== '').slice(-STOPS_MAX);
  return (
    <div class="path">
      <h3 class="caption">{words.path}</h3>
      {stops.length === 0 && <p class="muted">{words.noPath}</p>}
      <ol>
        {stops.map((stop, at) => (
          <li key={at} class={stop.kind}>
            <span title={says(stop.name)}>{stop.kind === 'queue' ? words.toQueue(stop.name) : says(stop.name) || plain(stop.name)}</span>
            <small>{clock(stop.afterMs)}</small>
          </li>
        ))}
      </ol>
    </div>
  );
}
