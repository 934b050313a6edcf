import type { CallEvent } from '../../shared/api';
import { clock } from '../../shared/clock';
import { path } from '../path';
import { useWords } from './words';

/** Stops shown; of a long way the last ones matter. */
const STOPS_MAX = 8;

export function Path({ story }: { story: CallEvent[] }) {
  const words = useWords();
  const stops = path(story).slice(-STOPS_MAX);
  return (
    <div class="path">
      <h3 class="caption">{words.path}</h3>
      {stops.length === 0 && <p class="muted">{words.noPath}</p>}
      <ol>
        {stops.map((stop, at) => (
          <li key={at} class={stop.kind}>
            <span>{stop.kind === 'queue' ? words.toQueue(stop.name) : stop.name.replaceAll('_', ' ')}</span>
            <small>{clock(stop.afterMs)}</small>
          </li>
        ))}
      </ol>
    </div>
  );
}
