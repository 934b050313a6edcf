import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../shared/ui/button';
import { useLoad } from '../../shared/ui/load';
import type { Card } from '../api';
import type { Desk } from '../desk';
import { KEYS } from '../keys';
import { useWords } from './words';

/** What came of the call, in a word from the list and in one's own; during the talk and in the wrap-up. */
export function Note({ desk, id, card }: { desk: Desk; id: string; card: Card | null }) {
  const words = useWords();
  const list = useLoad<string[] | { dispositions: string[] }>('dispositions');
  const known = Array.isArray(list.data) ? list.data : list.data?.dispositions ?? [];
  const [disposition, setDisposition] = useState(card?.disposition ?? '');
  const [note, setNote] = useState(card?.note ?? '');
  const [touched, setTouched] = useState(false);
  const [is, set] = useState<'open' | 'saving' | 'saved'>('open');
  useEffect(() => {
    if (touched || !card) return; // what is being written wins over what was
    setDisposition(card.disposition ?? '');
    setNote(card.note ?? '');
  }, [card]);
  const edit = (change: () => void): void => { change(); setTouched(true); set('open'); };
  const save = async (): Promise<void> => {
    set('saving');
    set((await desk.note(id, disposition || null, note.trim())) ? 'saved' : 'open');
  };
  return (
    <form class="remark" onSubmit={(event) => { event.preventDefault(); void save(); }}
      onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void save(); } }}>
      <label class="field"><span>{words.note} <kbd aria-hidden="true">{KEYS.note}</kbd></span>
        <textarea id="note" rows={2} maxLength={2000} value={note} placeholder={words.noteHint} onInput={(event) => edit(() => setNote(event.currentTarget.value))} />
      </label>
      <div class="row wrap">
        <label class="row outcome"><span>{words.disposition}</span>
          <select value={disposition} onChange={(event) => edit(() => setDisposition(event.currentTarget.value))}>
            <option value="">{words.dispositionNone}</option>
            {[...new Set([...known, ...(disposition ? [disposition] : [])])].map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <span class="gap" />
        <span role="status" class="muted">{is === 'saved' && words.noteSaved}</span>
        <Button disabled={is === 'saving' || !touched} onPress={() => void save()}>{words.saveNote}</Button>
      </div>
    </form>
  );
}
