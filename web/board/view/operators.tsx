import { clock } from '../../shared/clock';
import { share } from '../../shared/format';
import { Menu } from '../../shared/ui/menu';
import { useNow } from '../../shared/ui/now';
import type { View } from '../../shared/view';
import { useCommon, useLanguage } from '../../shared/words';
import { byState, lasted } from '../figures';
import { lineMood, type LineQuality, type OperatorLine } from '../today';
import { useWords } from '../words';
import type { Deed } from './act';

interface Props { view: View; misses: Map<string | null, OperatorLine>; lines: Map<string, LineQuality>; act: ((deed: Deed) => void) | null }

export function Operators({ view, misses, lines, act }: Props) {
  const [words, common, language, now] = [useWords(), useCommon(), useLanguage(), useNow()];
  const operators = byState(view.operators.values());
  const figures = misses.size > 0;
  const heard = lines.size > 0;
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  return (
    <section class="card section operators" aria-labelledby="operators-title">
      <h2 id="operators-title">{words.operators} <span class="chip">{operators.filter(({ state }) => state !== 'offline').length}</span></h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="operators-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.operator}</th><th scope="col">{words.state}</th><th scope="col" class="number">{words.time}</th><th scope="col">{words.call}</th>
              {figures && <th scope="col" class="number" title={words.missesTitle}>{words.misses}</th>}
              {figures && <th scope="col" class="number" title={words.occupancyTitle}>{words.occupancy}</th>}
              {heard && <th scope="col" class="number" title={words.lineTitle}>{words.line}</th>}
              {act && <th scope="col"><span class="unseen">{words.acted}</span></th>}
            </tr>
          </thead>
          <tbody>
            {operators.map((operator) => {
              const line = misses.get(operator.id);
              const ofLine = lines.get(operator.id);
              const reason = operator.reason && (common.reasons[operator.reason] ?? operator.reason);
              const next = operator.next && (operator.next === 'ready' ? common.states['ready'] ?? '' : common.reasons[operator.next] ?? operator.next);
              return (
                <tr key={operator.id} data-operator={operator.id}>
                  <th scope="row">{operator.name || operator.id} {operator.name && !operator.name.includes(operator.id) && <small>{operator.id}</small>}</th>
                  <td>
                    <span class={`chip ${operator.state}`}>{common.states[operator.state] ?? operator.state}{reason && `: ${reason}`}</span>
                    {next && <small> {words.afterCall(next)}</small>}
                  </td>
                  <td class="number">{clock(lasted(operator, now))}</td>
                  <td class="nowrap">{operator.call && (view.calls.get(operator.call)?.caller || common.withheld)}</td>
                  {figures && <td class="number">{line ? `${line.no_answer} / ${line.rejected} / ${line.unreachable}` : '–'}</td>}
                  {figures && <td class="number">{share(line?.occupancy, language)}</td>}
                  {heard && <td class={`number ${ofLine ? lineMood(ofLine) : ''}`}>{ofLine ? words.lineIs(percent.format(ofLine.loss), String(Math.round(ofLine.jitter_ms))) : '–'}</td>}
                  {act && (
                    <td class="number">
                      <Menu label={words.acts(operator.name || operator.id)} items={[
                        operator.state !== 'ready' && operator.state !== 'offline' && { name: words.setReady, do: () => act({ does: 'ready', operator: operator.id }) },
                        operator.state === 'wrap_up' && { name: words.endWrapUp, do: () => act({ does: 'end_wrap_up', operator: operator.id }) },
                        operator.state !== 'paused' && { name: words.setPaused, do: () => act({ does: 'pause', operator: operator.id }) },
                        operator.state !== 'offline' && { name: words.setOffline, do: () => act({ does: 'offline', operator: operator.id }) },
                      ]} />
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {operators.length === 0 && <p class="muted empty">{words.noOperators}</p>}
    </section>
  );
}
