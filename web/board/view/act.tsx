import type { ComponentChildren } from 'preact';
import type { Person, Supervision } from '../../shared/api';
import { Act, type Fields } from '../../shared/ui/dialog';
import { useLoad } from '../../shared/ui/load';
import type { View } from '../../shared/view';
import { useCommon } from '../../shared/words';
import { acts, whenOf } from '../acts';
import { CLASSES } from '../figures';
import { useWords } from '../words';

/** What a supervisor is about to do. */
export type Deed =
  | { does: 'move' | 'raise' | 'hang_up' | Supervision | 'stop_listening'; call: string }
  | { does: 'ready' | 'pause' | 'offline' | 'end_wrap_up'; operator: string }
  | { does: 'close' | 'open'; queue: string }
  | { does: 'announce' | 'announce_end' | 'reload' };

interface Props { deed: Deed; view: View; person: Person; onClose: () => void }
interface Form { title: string; does: string; why?: string; bad?: boolean; reason?: boolean; act: (fields: Fields) => Promise<unknown>; fields?: ComponentChildren }

export function ActDialog({ deed, view, person, onClose }: Props) {
  const form = useForm(deed, view, person);
  const { fields, ...rest } = form;
  return <Act {...rest} onClose={onClose}>{fields}</Act>;
}

/** Phones that can be rung for listening in. */
const FREE = ['ready', 'paused', 'wrap_up'];
const BREAKS = ['lunch', 'rest', 'training', 'meeting', 'break'];

function useForm(deed: Deed, view: View, person: Person): Form {
  const [words, common] = [useWords(), useCommon()];
  const prompts = useLoad<{ id: string }[]>(deed.does === 'announce' ? 'prompts' : null);
  const reason = (fields: Fields): string => fields['reason'] ?? '';
  const of = (what: string, who: string): string => `${what.replace(/…$/, '')} · ${who}`;
  const caller = 'call' in deed ? view.calls.get(deed.call)?.caller || common.withheld : '';
  const name = 'operator' in deed ? view.operators.get(deed.operator)?.name || deed.operator : '';
  switch (deed.does) {
    case 'move': {
      const from = view.calls.get(deed.call)?.queue;
      const others = [...view.queues.keys()].filter((queue) => queue !== from);
      return {
        title: of(words.move, caller), does: words.moveDo, act: (f) => acts.move(deed.call, f['queue'] ?? '', reason(f)),
        fields: <Pick name="queue" label={words.toQueue} options={others.map((queue) => [queue, queue])} />,
      };
    }
    case 'raise': return {
      title: of(words.raise, caller), does: words.raiseDo, act: (f) => acts.raise(deed.call, f['class'] ?? '', reason(f)),
      fields: <Pick name="class" label={words.toClass} options={CLASSES.map((name) => [name, common.classes[name] ?? name])} />,
    };
    case 'hang_up': return { title: of(words.hangUp, caller), does: words.hangUpDo, why: words.hangUpWhy, bad: true, act: (f) => acts.hangUp(deed.call, reason(f)) };
    case 'stop_listening': return { title: of(words.stopListening, caller), does: words.stopListening.replace('…', ''), act: (f) => acts.stopListening(deed.call, reason(f)) };
    case 'listen':
    case 'whisper':
    case 'barge': {
      const { does } = deed;
      const on = view.calls.get(deed.call)?.supervised;
      // His telephone is in the talk already: it only takes another part in it.
      if (on) return {
        title: of(words[does], caller), does: words[does].replace('…', ''), why: words.listenWhy[does] ?? '',
        act: (f) => acts.supervise(deed.call, does, on.by, reason(f)),
      };
      const phones = [...view.operators.values()].filter(({ state }) => FREE.includes(state));
      return {
        title: of(words[does], caller), does: words.listenDo, why: words.listenWhy[does] ?? '', act: (f) => acts.supervise(deed.call, does, f['phone'] ?? '', reason(f)),
        fields: <Pick name="phone" label={words.myPhone} hint={words.myPhoneWhy} chosen={person.user} options={phones.map(({ id, name }) => [id, name || id])} />,
      };
    }
    case 'ready': return { title: of(words.setReady, name), does: words.setDo, act: (f) => acts.setOperator(deed.operator, 'ready', reason(f)) };
    case 'offline': return { title: of(words.setOffline, name), does: words.setDo, act: (f) => acts.setOperator(deed.operator, 'offline', reason(f)) };
    case 'pause': return {
      title: of(words.setPaused, name), does: words.setDo, act: (f) => acts.setOperator(deed.operator, 'paused', reason(f), f['kind'] ?? 'break'),
      fields: <Pick name="kind" label={words.pauseReason} options={BREAKS.map((kind) => [kind, common.reasons[kind] ?? kind])} />,
    };
    case 'end_wrap_up': return { title: of(words.endWrapUp, name), does: words.endDo, act: (f) => acts.endWrapUp(deed.operator, reason(f)) };
    case 'close': return {
      title: of(words.close, deed.queue), does: words.closeDo, why: words.closeWhy, bad: true,
      act: (f) => acts.close(deed.queue, true, whenOf(f['until']), reason(f)), fields: <Until hint={words.untilWhy} />,
    };
    case 'open': return { title: of(words.open, deed.queue), does: words.openDo, act: (f) => acts.close(deed.queue, false, null, reason(f)) };
    case 'announce': return {
      title: words.announcement, does: words.announceDo, why: words.announceWhy,
      act: (f) => acts.announce((f['say'] ?? '').split(/[\s,]+/).filter(Boolean), whenOf(f['until']) ?? '', reason(f)),
      fields: (
        <>
          <label class="field">
            <span>{words.prompt}</span>
            <input name="say" required list="prompts" autocomplete="off" />
            <datalist id="prompts">{prompts.data?.map(({ id }) => <option key={id} value={id} />)}</datalist>
            <small>{words.promptWhy}</small>
          </label>
          <Until required />
        </>
      ),
    };
    case 'announce_end': return { title: words.announceEnd.replace('…', ''), does: words.endDo, act: (f) => acts.endAnnouncement(reason(f)) };
    case 'reload': return { title: words.reload.replace('…', ''), does: words.reloadDo, why: words.reloadWhy, act: (f) => acts.reload(reason(f)) };
  }
}

function Pick({ name, label, options, hint, chosen }: { name: string; label: string; options: [string, string][]; hint?: string; chosen?: string }) {
  const first = options.some(([value]) => value === chosen) ? chosen : options[0]?.[0];
  return (
    <label class="field">
      <span>{label}</span>
      <select name={name} required defaultValue={first ?? ''}>
        {options.map(([value, text]) => <option key={value} value={value} selected={value === first}>{text}</option>)}
      </select>
      {hint && <small>{hint}</small>}
    </label>
  );
}

function Until({ hint, required }: { hint?: string; required?: boolean }) {
  const words = useWords();
  return (
    <label class="field">
      <span>{words.until}</span>
      <input type="datetime-local" name="until" required={required} />
      {hint && <small>{hint}</small>}
    </label>
  );
}
