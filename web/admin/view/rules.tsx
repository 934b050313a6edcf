import { useState } from 'preact/hooks';
import { ask, route } from '../../shared/api';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act } from '../../shared/ui/dialog';
import { Show, useLoad } from '../../shared/ui/load';
import { listed } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import type { FlowList } from '../flows';
import { useWords } from '../words';

interface Rule { number?: string; pattern?: string; action: string | { flow: string }; until?: string | null; reason?: string | null; by?: string | null; declared?: boolean }
const ACTIONS = ['reject', 'standard'];
/** Before a flow's name in the form. */
const FLOW = 'flow:';
/** As people write it; the engine takes digits, and a star at the end. */
const pattern = (text = ''): string => text.replace(/[^\d*]/g, '');
const action = (chosen = ''): Rule['action'] => (chosen.startsWith(FLOW) ? { flow: chosen.slice(FLOW.length) } : chosen);
const numbers = (rule: Rule): string => rule.number ?? rule.pattern ?? '';

/** Numbers that are treated otherwise, at once and until a day. */
export function Rules() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const rules = useLoad<unknown>('caller-rules');
  const flows = useLoad<FlowList>('flows');
  const [act, setAct] = useState<'add' | Rule | null>(null);
  const rows = rules.data ? listed<Rule>('rules')(rules.data as never) : [];
  const until = (date: string | undefined): string | null => (date ? new Date(`${date}T23:59:59`).toISOString() : null);
  return (
    <section class="card section">
      <h2 id="rules-title">{words.sections['rules']}<span class="gap" /><Button onPress={() => setAct('add')}>{words.addRule}</Button></h2>
      <Show of={rules} empty={() => rows.length === 0}>{() => (
        <Table label="rules-title" rows={rows} id={numbers} columns={[
          { name: words.rule, cell: numbers }, { name: words.action, cell: (rule) => (typeof rule.action === 'string' ? words.actions[rule.action] ?? rule.action : words.toFlow(rule.action.flow)) },
          { name: words.until, cell: (rule) => (rule.until ? moment(rule.until, language) : words.forever) },
          { name: words.reason, wide: true, cell: (rule) => rule.reason ?? '' }, { name: words.by, cell: (rule) => (rule.declared ? words.declared : rule.by ?? common.none) },
          { name: words.acts, unseen: true, number: true, cell: (rule) => !rule.declared && <Button onPress={() => setAct(rule)}>{common.remove}</Button> },
        ]} />
      )}</Show>
      {act === 'add' && (
        <Act title={words.addRule.replace('…', '')} does={words.add} onClose={() => setAct(null)}
          act={(f) => ask('PUT', route`caller-rules/${pattern(f['number'])}`, { action: action(f['action']), until: until(f['until']), reason: f['reason'] }).then(rules.again)}>
          <label class="field"><span>{words.rule}</span><input name="number" required autocomplete="off" /><small>{words.ruleHint}</small></label>
          <label class="field"><span>{words.action}</span><select name="action">{ACTIONS.map((is) => <option key={is} value={is}>{words.actions[is]}</option>)}{flows.data?.flows.map(({ name }) => <option key={name} value={FLOW + name}>{words.toFlow(name)}</option>)}</select></label>
          <label class="field"><span>{words.until}</span><input type="date" name="until" /></label>
        </Act>
      )}
      {act && act !== 'add' && (
        <Act title={`${common.remove}: ${numbers(act)}`} does={common.remove} bad onClose={() => setAct(null)}
          act={(f) => ask('DELETE', `${route`caller-rules/${numbers(act)}`}?reason=${encodeURIComponent(f['reason'] ?? '')}`).then(rules.again)} />
      )}
    </section>
  );
}
