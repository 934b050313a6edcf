import { useState } from 'preact/hooks';
import { address, query } from '../../shared/api';
import { go, stay, useAddress } from '../../shared/address';
import { clock } from '../../shared/clock';
import { length, moment, phone, plain } from '../../shared/format';
import type { ViewProps } from '../../shared/page';
import { Button } from '../../shared/ui/button';
import { useEngine } from '../../shared/ui/engine';
import { Show } from '../../shared/ui/load';
import { useNow } from '../../shared/ui/now';
import { More, listed, useList } from '../../shared/ui/pages';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import { Call } from './call';

export interface CallRow {
  id: string;
  /** Masked. */
  caller: string;
  /** Whole, for those who may see it. */
  number?: string | null;
  class: string;
  line?: string;
  queue: string | null;
  operator: string | null;
  result: string | null;
  disposition?: string | null;
  started_at: string | number;
  wait_ms: number | null;
  talk_ms?: number | null;
}

interface Filter { q: string; caller: string; queue: string; operator: string; from: string; to: string; result: string }
const NO_FILTER: Filter = { q: '', caller: '', queue: '', operator: '', from: '', to: '', result: '' };
const PAGE = 50;

export function Calls({ leave }: ViewProps) {
  const [id] = useAddress();
  return id ? <Call id={id} /> : <List leave={leave} />;
}

function List({ leave }: { leave: () => void }) {
  const [words, common] = [useWords(), useCommon()];
  const { view } = useEngine(leave);
  const [filter, set] = useState(NO_FILTER);
  const asked = { ...filter, limit: PAGE };
  const { first, rows, more } = useList<CallRow>('history/calls', asked, listed('calls'));
  const search = (form: HTMLFormElement): void => set(Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()])) as unknown as Filter);
  return (
    <main id="main" class="sheet" tabIndex={-1}>
      <Now calls={[...view.calls.values()]} />
      {!first.absent && (
        <section class="card section" aria-labelledby="past-title">
          <h2 id="past-title">{words.past}</h2>
          <form class="filters" role="search" onSubmit={(event) => { event.preventDefault(); search(event.currentTarget); }}>
            <label class="field long"><span>{words.find}</span><input type="search" name="q" /></label>
            <label class="field"><span>{words.queue}</span>
              <select name="queue"><option value="">{common.all}</option>{[...view.queues.keys()].map((name) => <option key={name} value={name}>{name}</option>)}</select>
            </label>
            <label class="field"><span>{words.operator}</span>
              <select name="operator"><option value="">{common.all}</option>{[...view.operators.values()].map(({ id, name }) => <option key={id} value={id}>{name || id}</option>)}</select>
            </label>
            <label class="field"><span>{common.from}</span><input type="date" name="from" /></label>
            <label class="field"><span>{common.to}</span><input type="date" name="to" /></label>
            <button class="button main"><span>{common.search}</span></button>
            <a class="button quiet" href={address(query('history/calls', { ...asked, limit: null, format: 'csv' }))} download="calls.csv">{words.csv}</a>
          </form>
          <Show of={first}>{() => <Rows rows={rows.filter(({ id }) => !view.calls.has(id))} />}</Show>
          <More more={more} />
        </section>
      )}
    </main>
  );
}

function Rows({ rows }: { rows: CallRow[] }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  if (rows.length === 0) return <p class="muted empty">{words.none}</p>;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby="past-title">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.started}</th><th scope="col">{words.caller}</th><th scope="col">{words.class}</th><th scope="col">{words.queue}</th>
            <th scope="col">{words.operator}</th><th scope="col">{words.result}</th><th scope="col" class="number">{words.waited}</th><th scope="col" class="number">{words.talked}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((call) => (
            <tr key={call.id} class="pressable" onClick={() => go(`/calls/${encodeURIComponent(call.id)}`)}>
              <th scope="row" class="nowrap"><a class="link" href={`/calls/${encodeURIComponent(call.id)}`} onClick={stay}>{moment(call.started_at, language)}</a></th>
              <td class="nowrap">{call.number ? phone(call.number) : call.caller || common.withheld}</td>
              <td><span class={`chip ${call.class}`}>{common.classes[call.class] ?? call.class}</span></td>
              <td>{call.queue ?? common.none}</td>
              <td>{call.operator ?? common.none}</td>
              <td>{call.disposition ?? (call.result ? common.results[call.result] ?? plain(call.result) : common.none)}</td>
              <td class="number">{length(call.wait_ms)}</td>
              <td class="number">{length(call.talk_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Now({ calls }: { calls: { id: string; caller: string; class: string; stage: string; queue: string | null; operator: string | null; since_ms: number; at: number }[] }) {
  const [words, common, now] = [useWords(), useCommon(), useNow()];
  const [all, setAll] = useState(false);
  const shown = all ? calls : calls.slice(0, 8);
  return (
    <section class="card section" aria-labelledby="now-title">
      <h2 id="now-title">{words.now} <span class="chip">{calls.length}</span></h2>
      {calls.length === 0 ? <p class="muted empty">{words.nobody}</p> : (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="now-title">
          <table>
            <thead><tr><th scope="col">{words.caller}</th><th scope="col">{words.class}</th><th scope="col">{words.stage}</th><th scope="col">{words.queue}</th><th scope="col">{words.operator}</th><th scope="col" class="number">{words.since}</th></tr></thead>
            <tbody>
              {shown.map((call) => (
                <tr key={call.id} class="pressable" onClick={() => go(`/calls/${encodeURIComponent(call.id)}`)}>
                  <th scope="row"><a class="link" href={`/calls/${encodeURIComponent(call.id)}`} onClick={stay}>{call.caller || common.withheld}</a></th>
                  <td><span class={`chip ${call.class}`}>{common.classes[call.class] ?? call.class}</span></td>
                  <td>{common.stages[call.stage] ?? call.stage}</td><td>{call.queue ?? common.none}</td><td>{call.operator ?? common.none}</td>
                  <td class="number">{clock(call.since_ms + now - call.at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < calls.length && <p class="row empty"><Button onPress={() => setAll(true)}>{common.more}</Button></p>}
    </section>
  );
}
