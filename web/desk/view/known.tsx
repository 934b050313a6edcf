import { moment, plain } from '../../shared/format';
import { useCommon, useLanguage } from '../../shared/words';
import type { Card } from '../api';
import { useWords } from './words';

/** Of many earlier calls the last ones matter. */
const EARLIER_MAX = 4;

/** What the engine knows of the caller beside his number: what he typed, when he called before, what he asked for. */
export function Known({ card }: { card: Card }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const answers = Object.entries(card.answers ?? {});
  const earlier = (card.earlier ?? []).slice(0, EARLIER_MAX);
  const tickets = card.tickets ?? [];
  return (
    <div class="known">
      {answers.length > 0 && (
        <section>
          <h3 class="caption">{words.answers}</h3>
          <dl>{answers.map(([name, value]) => <div key={name}><dt>{plain(name)}</dt><dd>{value}</dd></div>)}</dl>
        </section>
      )}
      <section>
        <h3 class="caption">{words.earlier}</h3>
        {earlier.length === 0 && <p class="muted">{words.noEarlier}</p>}
        <ul>
          {earlier.map((call) => (
            <li key={call.id}>
              <span class="nowrap">{moment(call.started_at, language)}</span> {call.disposition ?? (call.result ? common.results[call.result] ?? plain(call.result) : '')}
              {call.note && <small> · {call.note}</small>}
            </li>
          ))}
        </ul>
      </section>
      {tickets.length > 0 && (
        <section>
          <h3 class="caption">{words.tickets}</h3>
          <ul>{tickets.map((ticket) => <li key={ticket.id}><a class="link" href={`/tickets/${encodeURIComponent(ticket.id)}`} target="_blank" rel="noreferrer">№ {ticket.id}</a> {plain(ticket.topic)}</li>)}</ul>
        </section>
      )}
    </div>
  );
}
