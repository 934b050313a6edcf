import { useState } from 'preact/hooks';
import { clock } from '../../shared/clock';
import { length, moment, seconds, share } from '../../shared/format';
import { Menu } from '../../shared/ui/menu';
import { useNow } from '../../shared/ui/now';
import type { Timed, View } from '../../shared/view';
import type { QueueView } from '../../shared/api';
import { useCommon, useLanguage } from '../../shared/words';
import { TARGETS_S, mood, p10Mood, waitingIn, waitsIn } from '../figures';
import { byClass, type QueueLine } from '../today';
import { useWords } from '../words';
import type { Deed } from './act';
import { Formula } from './formula';

interface Props { view: View; today: QueueLine[]; act: ((deed: Deed) => void) | null; wall: boolean }

export function Queues({ view, today, act, wall }: Props) {
  const words = useWords();
  const [formula, setFormula] = useState<QueueView | null>(null);
  const queues = [...view.queues.values()];
  return (
    <section class="card section" aria-labelledby="queues-title">
      <h2 id="queues-title">{words.queues}</h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="queues-title">
        <table class="queue-table">
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              <th scope="col">{words.waiting}</th>
              <th scope="col" class="number">{words.wait}</th>
              <th scope="col" class="number" title={words.p10Title}>{words.p10Short}</th>
              <th scope="col" class="number" title={words.levelTitle}>{words.level}</th>
              <th scope="col" class="number" title={words.expectedTitle}>{words.expected}</th>
              <th scope="col" class="number" title={words.reserveTitle}>{words.reserve}</th>
              <th scope="col" class="number" title={words.abandonedTitle}>{words.abandoned}</th>
              {!wall && <th scope="col" class="number" title={words.peopleTitle}>{words.people}</th>}
              {act && <th scope="col"><span class="unseen">{words.acted}</span></th>}
            </tr>
          </thead>
          {queues.map((queue) => <Row key={queue.name} queue={queue} today={today} act={act} wall={wall} onFormula={() => setFormula(queue)} />)}
        </table>
      </div>
      {queues.length === 0 && <p class="muted empty">{words.noQueues}</p>}
      {formula && <Formula queue={view.queues.get(formula.name) ?? formula} today={today.find((line) => line.queue === formula.name && line.class === null)} onClose={() => setFormula(null)} />}
    </section>
  );
}

interface RowProps { queue: Timed<QueueView>; today: QueueLine[]; act: Props['act']; wall: boolean; onFormula: () => void }

function Row({ queue, today, act, wall, onFormula }: RowProps) {
  const [words, common, language, now] = [useWords(), useCommon(), useLanguage(), useNow()];
  const [open, setOpen] = useState(false);
  const waits = waitsIn(queue, now);
  const longest = waits.reduce((most, wait) => Math.max(most, wait.ms), 0);
  const lines = byClass(today, queue.name);
  const total = waitingIn(queue);
  return (
    <tbody data-queue={queue.name}>
      <tr>
        <th scope="row">
          {lines.length > 0 && !wall
            ? <button type="button" class="fold" aria-expanded={open} title={words.byClass} onClick={() => setOpen(!open)}>{queue.name}</button>
            : <span class="fold-none">{queue.name}</span>}
          {queue.closed && <span class="chip over">{queue.closed.until ? words.closedUntil(moment(queue.closed.until, language)) : words.closed}</span>}
        </th>
        <td class="waiting-cell">
          <b class={total === 0 ? 'muted' : ''} data-waiting={total}>{total}</b>
          {waits.map((wait) => (
            <span class={`chip ${wait.class} ${mood(wait)}`} key={wait.class}>
              {common.classes[wait.class] ?? wait.class} {queue.waiting[wait.class]}{wait.share > 1 && ` · ${clock(wait.ms)}`}
            </span>
          ))}
        </td>
        <td class={`number ${mood(waits[0])}`}>{total > 0 ? clock(longest) : '–'}</td>
        <td class={`number ${p10Mood(queue.p10)}`}>{share(queue.p10, language)}</td>
        <td class="number">
          {wall ? share(queue.service_level, language)
            : <button type="button" class="link" onClick={onFormula} title={words.levelTitle} aria-haspopup="dialog">{share(queue.service_level, language)}</button>}
        </td>
        <td class="number">{seconds(queue.expected_wait_s)}</td>
        <td class="number">
          {queue.reserve}{queue.reserve_cost_s > 0 && <small> {words.cost(queue.reserve_cost_s.toFixed(1))}</small>}
          {queue.missing > 0 && <> <span class="chip over" title={words.missingTitle}>{words.missing(queue.missing)}</span></>}
        </td>
        <td class="number">{queue.counts.abandoned}</td>
        {!wall && <td class="number">{queue.operators.ready} / {queue.operators.talking} / {queue.operators.paused}</td>}
        {act && (
          <td class="number">
            <Menu label={words.acts(queue.name)} items={[queue.closed
              ? { name: words.open, do: () => act({ does: 'open', queue: queue.name }) }
              : { name: words.close, do: () => act({ does: 'close', queue: queue.name }) }]} />
          </td>
        )}
      </tr>
      {open && (
        <tr class="inner">
          <td colSpan={act ? 10 : 9}>
            <table>
              <caption>{words.today}</caption>
              <thead>
                <tr>
                  <th scope="col">{words.class}</th><th scope="col" class="number">{words.target}</th><th scope="col" class="number">{words.offered}</th>
                  <th scope="col" class="number">{words.answered}</th><th scope="col" class="number">{words.inTarget}</th><th scope="col" class="number">{words.abandoned}</th>
                  <th scope="col" class="number">{words.p10Short}</th><th scope="col" class="number">{words.level}</th>
                  <th scope="col" class="number">{words.meanWait}</th><th scope="col" class="number">{words.maxWait}</th>
                </tr>
              </thead>
              <tbody>
                {lines.map((line) => (
                  <tr key={line.class}>
                    <th scope="row">{common.classes[line.class ?? ''] ?? line.class}</th>
                    <td class="number">{seconds(TARGETS_S[line.class ?? ''])}</td><td class="number">{line.offered}</td><td class="number">{line.connected}</td>
                    <td class="number">{line.connected_within_target}</td><td class="number">{line.hung_up}</td>
                    <td class="number">{share(line.p10, language)}</td><td class="number">{share(line.service_level, language)}</td>
                    <td class="number">{length(line.asa_ms)}</td><td class="number">{length(line.wait_max_ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </td>
        </tr>
      )}
    </tbody>
  );
}
