import { useState } from 'preact/hooks';
import { address, route } from '../../shared/api';
import { go, stay, useAddress } from '../../shared/address';
import { length, moment, phone, plain } from '../../shared/format';
import type { ViewProps } from '../../shared/page';
import { Show } from '../../shared/ui/load';
import { More, listed, useList } from '../../shared/ui/pages';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import { Ticket } from './ticket';

export interface TicketRow {
  /** What the caller heard. */
  id: string;
  call: string;
  at: string;
  number: string;
  topic: string;
  status: string;
  changed_at: string | null;
}
interface Message { name: string; call: string; at: string; duration_ms: number; number: string; line: string }

const STATUSES = ['open', 'waiting', 'done', ''];

export function Tickets({ person }: ViewProps) {
  const [id] = useAddress();
  return id ? <Ticket id={id} person={person} /> : <Lists />;
}

function Lists() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const [status, setStatus] = useState('open');
  const tickets = useList<TicketRow>('tickets', { status }, listed('tickets'));
  return (
    <main id="main" class="sheet" tabIndex={-1}>
      <section class="card section" aria-labelledby="tickets-title">
        <h2 id="tickets-title">{words.tickets}<span class="gap" />
          <span class="tabs" role="group" aria-label={words.status}>
            {STATUSES.map((is) => <button type="button" key={is} aria-pressed={status === is} onClick={() => setStatus(is)}>{words.lists[is]}</button>)}
          </span>
        </h2>
        <Show of={tickets.first}>{() => tickets.rows.length === 0 ? <p class="muted empty">{words.none}</p> : (
          <div class="scroll" tabIndex={0} role="group" aria-labelledby="tickets-title">
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.number}</th><th scope="col">{words.status}</th><th scope="col">{words.created}</th><th scope="col">{words.caller}</th>
                  <th scope="col">{words.kind}</th><th scope="col">{words.changed}</th>
                </tr>
              </thead>
              <tbody>
                {tickets.rows.map((ticket) => (
                  <tr key={ticket.id} class="pressable" onClick={() => go(`/tickets/${encodeURIComponent(ticket.id)}`)}>
                    <th scope="row"><a class="link" href={`/tickets/${encodeURIComponent(ticket.id)}`} onClick={stay}>{ticket.id}</a></th>
                    <td><span class={`chip ${ticket.status}`}>{words.statuses[ticket.status] ?? ticket.status}</span></td>
                    <td class="nowrap">{moment(ticket.at, language)}</td>
                    <td class="nowrap">{ticket.number ? phone(ticket.number) : common.withheld}</td>
                    <td>{words.names[ticket.topic] ?? plain(ticket.topic)}</td><td class="nowrap">{moment(ticket.changed_at, language)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}</Show>
        <More more={tickets.more} />
      </section>
      <Messages />
    </main>
  );
}

/** What callers have said after the tone. */
function Messages() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const messages = useList<Message>('messages', {}, listed('messages'));
  if (messages.first.absent) return null;
  return (
    <section class="card section" aria-labelledby="messages-title">
      <h2 id="messages-title">{words.messages}</h2>
      <Show of={messages.first}>{() => messages.rows.length === 0 ? <p class="muted empty">{words.noMessages}</p> : (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="messages-title">
          <table>
            <thead><tr><th scope="col">{words.created}</th><th scope="col">{words.caller}</th><th scope="col">{words.call}</th><th scope="col" class="number">{words.length}</th><th scope="col">{words.messages}</th></tr></thead>
            <tbody>
              {messages.rows.map((message) => (
                <tr key={message.name}>
                  <th scope="row" class="nowrap">{moment(message.at, language)}</th>
                  <td class="nowrap">{message.number ? phone(message.number) : common.withheld}</td>
                  <td>{message.call && <a class="link mono" href={`/calls/${message.call}`}>{message.call}</a>}</td>
                  <td class="number">{length(message.duration_ms)}</td>
                  <td><audio controls preload="none" src={address(route`messages/${message.name}/audio`)} aria-label={words.listen(message.name)} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}</Show>
      <More more={messages.more} />
    </section>
  );
}
