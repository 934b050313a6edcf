import { useState } from 'preact/hooks';
import { address, route } from '../../shared/api';
import { length } from '../../shared/format';
import { Show, useLoad } from '../../shared/ui/load';
import { More, listed } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon } from '../../shared/words';
import { useWords } from '../words';

type Spoken = 'ru' | 'en';
interface Prompt { id: string; ru: string | null; en: string | null; files: Partial<Record<Spoken, { duration_ms: number | null; state: string }>> }

/** A page of players is enough at a time. */
const SHOWN = 30;
const GOOD = ['synthesised', 'studio'];

/** What callers hear, in both languages, as text and as sound. */
export function Prompts() {
  const [words, common] = [useWords(), useCommon()];
  const prompts = useLoad<Prompt[] | { prompts: Prompt[] }>('prompts');
  const [find, setFind] = useState('');
  const [shown, setShown] = useState(SHOWN);
  const wanted = find.trim().toLowerCase();
  const all = prompts.data ? listed<Prompt>('prompts')(prompts.data as never) : [];
  const rows = all.filter(({ id, ru, en }) => [id, ru, en].some((text) => text?.toLowerCase().includes(wanted)));
  const spoken = (language: Spoken) => (prompt: Prompt) => {
    const file = prompt.files?.[language];
    return (
      <div class="said">
        <p lang={language}>{prompt[language] ?? common.none}</p>
        {file && GOOD.includes(file.state)
          ? <p class="row"><audio controls preload="none" src={address(route`prompts/${language}/${prompt.id}`)} aria-label={words.listen(`${prompt.id} ${language}`)} /><small>{length(file.duration_ms)} · {words.promptStates[file.state]}</small></p>
          : <span class="chip near">{words.promptStates[file?.state ?? 'missing'] ?? file?.state}</span>}
      </div>
    );
  };
  return (
    <section class="card section">
      <h2 id="prompts-title">{words.sections['prompts']} <span class="chip">{rows.length}</span><span class="gap" />
        <label class="field"><span class="unseen">{words.find}</span><input type="search" placeholder={words.find} value={find} onInput={(event) => setFind(event.currentTarget.value)} /></label>
      </h2>
      <Show of={prompts} empty={() => all.length === 0}>{() => (
        <>
          <Table label="prompts-title" rows={rows.slice(0, shown)} id={(prompt) => prompt.id} columns={[
            { name: words.prompt, cell: (prompt) => <span class="mono">{prompt.id}</span> },
            { name: words.russian, cell: spoken('ru') }, { name: words.english, cell: spoken('en') },
          ]} />
          <More more={rows.length > shown ? () => setShown(shown + SHOWN) : null} />
        </>
      )}</Show>
    </section>
  );
}
