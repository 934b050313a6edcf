import { clock } from '../../shared/clock';
import type { State } from '../state';
import { useNow } from '../../shared/ui/now';
import { useWords } from './words';

/** Who waits in the operator's own queues. */
export function Queues({ state }: { state: State }) {
  const words = useWords();
  const now = useNow();
  const queues = (state.operator?.queues ?? []).map((name) => state.queues[name]).filter((queue) => queue !== undefined);
  return (
    <section class="card queues" aria-labelledby="queues-title">
      <h2 id="queues-title" class="caption">{words.queues}</h2>
      {queues.length === 0 && <p class="muted">{words.noQueues}</p>}
      <ul>
        {queues.map((queue) => {
          const waiting = Object.values(queue.waiting).reduce((sum, count) => sum + count, 0);
          const priority = queue.waiting['priority'] ?? 0;
          return (
            <li key={queue.name}>
              <span class="name">{queue.name}</span>
              {priority > 0 && <span class="chip priority">{words.classes['priority']} {priority}</span>}
              {waiting > 0
                ? <span class="count"><b>{waiting}</b> · {clock(queue.longest_wait_s * 1000 + now - queue.at)}</span>
                : <span class="muted">{words.nobodyWaits}</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
