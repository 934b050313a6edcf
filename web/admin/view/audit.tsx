import { useState } from 'preact/hooks';
import { moment } from '../../shared/format';
import { Show } from '../../shared/ui/load';
import { More, listed, useList } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';

interface Line { id?: number; at: string; who: string; what: string; detail: Record<string, unknown> | null }

/** Who changed what, when and why. */
export function Audit() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const [filter, set] = useState<Record<string, string>>({});
  const { first, rows, more } = useList<Line>('audit', filter, listed('audit'));
  const search = (form: HTMLFormElement): void => {
    const fields = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()]));
    set(fields);
  };
  return (
    <section class="card section">
      <h2 id="audit-title">{words.sections['audit']}</h2>
      <form class="filters" role="search" onSubmit={(event) => { event.preventDefault(); search(event.currentTarget); }}>
        <label class="field"><span>{words.who}</span><input name="who" type="search" /></label>
        <label class="field"><span>{words.what}</span><input name="what" type="search" /></label>
        <label class="field"><span>{common.from}</span><input type="date" name="from" /></label>
        <label class="field"><span>{common.to}</span><input type="date" name="to" /></label>
        <button class="button main"><span>{common.search}</span></button>
      </form>
      <Show of={first} empty={() => rows.length === 0}>{() => (
        <Table label="audit-title" rows={rows} id={(line) => `${line.at} ${line.who} ${line.what} ${JSON.stringify(line.detail)}`} columns={[
          { name: words.at, cell: (line) => <span class="nowrap">{moment(line.at, language)}</span> }, { name: words.who, cell: (line) => line.who },
          { name: words.what, cell: (line) => <span class="mono">{line.what}</span> },
          { name: words.reason, wide: true, cell: (line) => String(line.detail?.['reason'] ?? '') },
          { name: words.detail, wide: true, cell: (line) => <small>{Object.entries(line.detail ?? {}).filter(([key]) => key !== 'reason').map(([key, value]) => `${key}: ${String(value)}`).join(', ')}</small> },
        ]} />
      )}</Show>
      <More more={more} />
    </section>
  );
}
