import type { CallView, Supervision } from '../../shared/api';
import { clock } from '../../shared/clock';
import { plain } from '../../shared/format';
import { Menu } from '../../shared/ui/menu';
import { useNow } from '../../shared/ui/now';
import type { Timed, View } from '../../shared/view';
import { useCommon } from '../../shared/words';
import { byNeed, lasted } from '../figures';
import { useWords } from '../words';
import type { Deed } from './act';

/** More rows than anybody reads; the last line says how many there are. */
const ROWS_MAX = 100;

interface Props { view: View; act: ((deed: Deed) => void) | null; leads: boolean }

export function Callers({ view, act, leads }: Props) {
  const [words, common, now] = [useWords(), useCommon(), useNow()];
  const calls = byNeed(view.calls.values(), now);
  return (
    <section class="card section callers" aria-labelledby="callers-title">
      <h2 id="callers-title">{words.callers} <span class="chip">{calls.length}</span></h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="callers-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.caller}</th><th scope="col">{words.class}</th><th scope="col">{words.stage}</th><th scope="col">{words.where}</th>
              <th scope="col" class="number">{words.time}</th>{act && <th scope="col"><span class="unseen">{words.acted}</span></th>}
            </tr>
          </thead>
          <tbody>
            {calls.slice(0, ROWS_MAX).map((call) => (
              <tr key={call.id} data-call={call.id}>
                <th scope="row" class="nowrap">{leads ? <a class="link" href={`/calls/${encodeURIComponent(call.id)}`}>{call.caller || common.withheld}</a> : call.caller || common.withheld}</th>
                <td><span class={`chip ${call.class}`}>{common.classes[call.class] ?? call.class}</span></td>
                <td class="nowrap">{common.stages[call.stage] ?? call.stage}{call.supervised && <small class="listened"> · {words.supervised[call.supervised.mode]}</small>}</td>
                <td class="wide-text">{where(call, view)}</td>
                <td class="number">{clock(lasted(call, now))}</td>
                {act && <td class="number"><Menu label={words.acts(call.caller || common.withheld)} items={deeds(call, act, words)} /></td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {calls.length === 0 && <p class="muted empty">{words.noCallers}</p>}
      {calls.length > ROWS_MAX && <p class="muted empty">{words.more(calls.length - ROWS_MAX)}</p>}
    </section>
  );
}

function where(call: CallView, view: View): string {
  if (call.stage === 'menu') return plain(call.step);
  const operator = call.operator ? view.operators.get(call.operator)?.name || call.operator : '';
  return [call.queue, operator].filter(Boolean).join(' → ') || plain(call.step);
}

function deeds(call: Timed<CallView>, act: (deed: Deed) => void, words: ReturnType<typeof useWords>) {
  const { id: on } = call;
  const may = (part: Supervision): boolean => call.stage === 'talking' && call.supervised?.mode !== part;
  return [
    { name: words.whole, do: () => location.assign(`/calls/${encodeURIComponent(on)}`) },
    call.stage === 'waiting' && { name: words.move, do: () => act({ does: 'move', call: on }) },
    call.stage === 'waiting' && { name: words.raise, do: () => act({ does: 'raise', call: on }) },
    may('listen') && { name: words.listen, do: () => act({ does: 'listen', call: on }) },
    may('whisper') && { name: words.whisper, do: () => act({ does: 'whisper', call: on }) },
    may('barge') && { name: words.barge, do: () => act({ does: 'barge', call: on }) },
    call.supervised && { name: words.stopListening, do: () => act({ does: 'stop_listening', call: on }) },
    { name: words.hangUp, do: () => act({ does: 'hang_up', call: on }) },
  ];
}
