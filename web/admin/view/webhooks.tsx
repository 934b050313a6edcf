import { useState } from 'preact/hooks';
import { ask, route } from '../../shared/api';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act, Dialog } from '../../shared/ui/dialog';
import { Show, useLoad } from '../../shared/ui/load';
import { Menu } from '../../shared/ui/menu';
import { listed } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import { Secret } from './secret';

interface Hook { id: number; url: string; events: string[]; active: boolean; off_because: string | null; created_at: string; pending: number }
interface Delivery { id: number; event: string; at: string; state: string; attempts: number; next_at: string | null; status: number | null; error: string | null }

/** Programs elsewhere that are told of what happens, and what became of the telling. */
export function Webhooks() {
  const [words, common] = [useWords(), useCommon()];
  const hooks = useLoad<unknown>('webhooks');
  const [act, setAct] = useState<{ does: 'add' } | { does: 'delete' | 'deliveries'; hook: Hook } | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const rows = hooks.data ? listed<Hook>('webhooks')(hooks.data as never) : [];
  const add = async (f: Record<string, string>): Promise<void> => {
    const answer = await ask<{ secret?: string } | null>('POST', 'webhooks', { url: f['url'], events: (f['events'] || '*').split(/[\s,]+/).filter(Boolean) });
    if (answer?.secret) setMade(answer.secret);
    hooks.again();
  };
  const toggle = (hook: Hook): void => {
    void ask('PUT', route`webhooks/${hook.id}`, { active: !hook.active }).then(hooks.again, hooks.again);
  };
  return (
    <section class="card section">
      <h2 id="hooks-title">{words.sections['webhooks']}<span class="gap" /><Button onPress={() => setAct({ does: 'add' })}>{words.addHook}</Button></h2>
      <Show of={hooks} empty={() => rows.length === 0}>{() => (
        <Table label="hooks-title" rows={rows} id={(hook) => hook.id} columns={[
          { name: words.url, cell: (hook) => <span class="wide-text">{hook.url}</span> }, { name: words.events, wide: true, cell: (hook) => hook.events.join(', ') },
          { name: words.active, cell: (hook) => <><span class={`chip ${hook.active ? 'good' : ''}`}>{hook.active ? words.on : words.off}</span>{hook.off_because && <small> {hook.off_because}</small>}</> },
          { name: words.pending, number: true, cell: (hook) => hook.pending },
          { name: words.acts, unseen: true, number: true, cell: (hook) => (
            <Menu label={`${words.acts}: ${hook.url}`} items={[
              { name: words.deliveries, do: () => setAct({ does: 'deliveries', hook }) }, { name: hook.active ? words.switchOff : words.switchOn, do: () => toggle(hook) },
              { name: common.remove, do: () => setAct({ does: 'delete', hook }) },
            ]} />
          ) },
        ]} />
      )}</Show>
      {act?.does === 'add' && (
        <Act title={words.addHook.replace('…', '')} does={words.add} reason={false} act={add} onClose={() => setAct(null)}>
          <label class="field"><span>{words.url}</span><input name="url" type="url" required placeholder="https://" /></label>
          <label class="field"><span>{words.events}</span><input name="events" autocomplete="off" /><small>{words.eventsWhy}</small></label>
        </Act>
      )}
      {act?.does === 'delete' && (
        <Act title={`${common.remove}: ${act.hook.url}`} does={common.remove} bad reason={false} onClose={() => setAct(null)}
          act={() => ask('DELETE', route`webhooks/${act.hook.id}`).then(hooks.again)} />
      )}
      {act?.does === 'deliveries' && <Deliveries hook={act.hook} onClose={() => setAct(null)} />}
      {made && <Secret title={words.secretMade} secret={made} onClose={() => setMade(null)} />}
    </section>
  );
}

function Deliveries({ hook, onClose }: { hook: Hook; onClose: () => void }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const list = useLoad<unknown>(route`webhooks/${hook.id}/deliveries`);
  const rows = list.data ? listed<Delivery>('deliveries')(list.data as never) : [];
  return (
    <Dialog title={words.deliveries} onClose={onClose} wide>
      <Show of={list} empty={() => rows.length === 0}>{() => (
        <Table label="dialog-title" rows={rows} id={(one) => one.id} columns={[
          { name: words.at, cell: (one) => moment(one.at, language) }, { name: words.event, cell: (one) => one.event },
          { name: words.status, cell: (one) => <>{words.deliveryStates[one.state] ?? one.state}{one.status !== null && ` (${one.status})`} {one.error && <small>{one.error}</small>}</> }, { name: words.attempts, number: true, cell: (one) => one.attempts },
          { name: words.nextTry, cell: (one) => moment(one.next_at, language) },
        ]} />
      )}</Show>
      <p class="row end"><Button look="main" onPress={onClose}>{common.close}</Button></p>
    </Dialog>
  );
}
