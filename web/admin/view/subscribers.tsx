import { useState } from 'preact/hooks';
import { ask, route } from '../../shared/api';
import { phone } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act } from '../../shared/ui/dialog';
import { Show } from '../../shared/ui/load';
import { More, listed, useList } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon } from '../../shared/words';
import { useWords } from '../words';

interface Subscriber { number: string; class: string; name?: string | null; email?: string | null }
const CLASSES = ['priority', 'standard'];

export function Subscribers() {
  const [words, common] = [useWords(), useCommon()];
  const [number, setNumber] = useState('');
  const { first, rows, more } = useList<Subscriber>('subscribers', { number }, listed('subscribers'));
  const [act, setAct] = useState<'class' | Subscriber | null>(null);
  return (
    <section class="card section">
      <h2 id="subscribers-title">{words.sections['subscribers']}<span class="gap" /><Button onPress={() => setAct('class')}>{words.setClass}</Button></h2>
      <form class="filters" role="search" onSubmit={(event) => { event.preventDefault(); setNumber(String(new FormData(event.currentTarget).get('number') ?? '').trim()); }}>
        <label class="field long"><span>{words.subscriberNumber}</span><input type="search" name="number" inputMode="tel" /></label>
        <button class="button main"><span>{common.search}</span></button>
      </form>
      <Show of={first} empty={() => rows.length === 0}>{() => (
        <Table label="subscribers-title" rows={rows} id={(one) => one.number} columns={[
          { name: words.subscriberNumber, cell: (one) => phone(one.number) }, { name: words.class, cell: (one) => <span class={`chip ${one.class}`}>{common.classes[one.class] ?? one.class}</span> },
          { name: words.name, cell: (one) => one.name ?? common.none }, { name: words.email, wide: true, cell: (one) => one.email ?? common.none },
          { name: words.acts, unseen: true, number: true, cell: (one) => <Button onPress={() => setAct(one)}>{words.forget}</Button> },
        ]} />
      )}</Show>
      <More more={more} />
      {act === 'class' && (
        <Act title={words.setClass.replace('…', '')} does={common.save} reason={false} onClose={() => setAct(null)}
          act={(f) => ask('PUT', route`subscribers/${f['number'] ?? ''}`, { class: f['class'] }).then(first.again)}>
          <label class="field"><span>{words.subscriberNumber}</span><input name="number" type="tel" required placeholder="+7…" /></label>
          <label class="field"><span>{words.class}</span><select name="class">{CLASSES.map((is) => <option key={is} value={is}>{common.classes[is]}</option>)}</select></label>
        </Act>
      )}
      {act && act !== 'class' && (
        <Act title={`${words.forget.replace('…', '')}: ${phone(act.number)}`} why={words.forgetWhy} does={common.remove} bad reason={false} onClose={() => setAct(null)}
          act={() => ask('DELETE', route`subscribers/${act.number}`).then(first.again)} />
      )}
    </section>
  );
}
