import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ask, route, type Person } from '../../shared/api';
import { stay } from '../../shared/address';
import { moment, phone, plain } from '../../shared/format';
import { faultOf, type Fields } from '../../shared/ui/dialog';
import { Icon } from '../../shared/ui/icon';
import { Show, useLoad } from '../../shared/ui/load';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import type { TicketRow } from './tickets';

interface TicketEvent { at: string; who: string; kind: string; text: string; subject: string | null }
interface Whole extends TicketRow { fields: Record<string, string>; email: string | null; events: TicketEvent[] }

const STATUSES = ['open', 'waiting', 'done'];

export function Ticket({ id, person }: { id: string; person: Person }) {
  const [words, common] = [useWords(), useCommon()];
  const ticket = useLoad<Whole>(route`tickets/${id}`);
  const again = ticket.again;
  return (
    <main id="main" class="sheet" tabIndex={-1}>
      <p><a class="link" href="/tickets" onClick={stay}>← {words.back}</a></p>
      <Show of={ticket}>{(it) => {
        const { number } = it;
        return (
          <>
            <Facts ticket={it} />
            <History events={it.events} />
            <div class="columns">
              <Form title={words.work} does={common.save} said={words.saved} send={(f) => ask('PUT', route`tickets/${id}`, { status: f['status'], ...(f['note'] ? { note: f['note'] } : {}) }).then(again)}>
                <label class="field"><span>{words.status}</span>
                  <select name="status">{STATUSES.map((is) => <option key={is} value={is} selected={is === it.status}>{words.statuses[is]}</option>)}</select>
                </label>
                <label class="field"><span>{words.note}</span><textarea name="note" rows={4} maxLength={2000} /></label>
                {number && person.role === 'operator' && (
                  <a class="button quiet" href={`/desk?to=${encodeURIComponent(number)}&ticket=${encodeURIComponent(String(it.id))}`}><Icon name="call" /><span>{words.callHim}</span></a>
                )}
              </Form>
              {it.email ? (
                <Form title={words.reply} does={words.send} said={words.sent} send={(f) => ask('POST', route`tickets/${id}/reply`, { subject: f['subject'], text: f['text'] }).then(again)}>
                  <p class="muted">{words.replyTo(it.email)}</p>
                  <label class="field"><span>{words.subject}</span><input name="subject" required maxLength={200} /></label>
                  <label class="field"><span>{words.text}</span><textarea name="text" rows={7} required maxLength={10000} /></label>
                </Form>
              ) : <section class="card section"><h2>{words.reply}</h2><p class="muted">{words.noEmail}</p></section>}
            </div>
          </>
        );
      }}</Show>
    </main>
  );
}

function Facts({ ticket }: { ticket: Whole }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const typed = Object.entries(ticket.fields);
  return (
    <section class="card section" aria-labelledby="ticket-title">
      <h2 id="ticket-title">{words.number} {ticket.id} <span class={`chip ${ticket.status}`}>{words.statuses[ticket.status] ?? ticket.status}</span></h2>
      <dl class="facts">
        <div><dt>{words.created}</dt><dd>{moment(ticket.at, language)}</dd></div>
        <div><dt>{words.caller}</dt><dd>{ticket.number ? phone(ticket.number) : common.withheld}</dd></div>
        <div><dt>{words.kind}</dt><dd>{words.names[ticket.topic] ?? plain(ticket.topic)}</dd></div>
        {ticket.email && <div><dt>{words.email}</dt><dd>{ticket.email}</dd></div>}
        {ticket.call && <div><dt>{words.call}</dt><dd><a class="link mono" href={`/calls/${ticket.call}`}>{ticket.call}</a></dd></div>}
        {typed.map(([name, value]) => <div key={name}><dt>{words.names[name] ?? plain(name)}</dt><dd>{words.names[String(value)] ?? String(value)}</dd></div>)}
      </dl>
    </section>
  );
}

/** What was done with it, the newest last. */
function History({ events }: { events: TicketEvent[] }) {
  const [words, language] = [useWords(), useLanguage()];
  if (events.length === 0) return null;
  return (
    <section class="card section">
      <h2>{words.history}</h2>
      <ol class="history">
        {events.map((one, at) => (
          <li key={at}>
            <small class="nowrap">{moment(one.at, language)} · {one.who}</small>
            <span><b>{words.kinds[one.kind] ?? one.kind}</b> {one.subject && <b>{one.subject}. </b>}{one.kind === 'status' ? words.statuses[one.text] ?? one.text : one.text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface FormProps { title: string; does: string; said: string; send: (fields: Fields) => Promise<unknown>; children: ComponentChildren }

function Form({ title, does, said, send, children }: FormProps) {
  const common = useCommon();
  const [is, set] = useState<'open' | 'busy' | 'done'>('open');
  const [fault, setFault] = useState('');
  const go = async (form: HTMLFormElement): Promise<void> => {
    set('busy');
    setFault('');
    try {
      await send(Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()])));
      form.reset();
      set('done');
    } catch (why) {
      setFault(faultOf(why, common.faults));
      set('open');
    }
  };
  return (
    <section class="card section">
      <h2>{title}</h2>
      <form onSubmit={(event) => { event.preventDefault(); void go(event.currentTarget); }} onInput={() => set('open')}>
        {children}
        <p class="fault" role="alert">{fault}</p>
        <p class="row end"><span role="status" class="muted">{is === 'done' && said}</span><button class="button main" disabled={is === 'busy'}><span>{does}</span></button></p>
      </form>
    </section>
  );
}
