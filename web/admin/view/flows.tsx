import { useState } from 'preact/hooks';
import { Refused, ask } from '../../shared/api';
import { stay } from '../../shared/address';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act } from '../../shared/ui/dialog';
import { Show, useLoad } from '../../shared/ui/load';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import { short, type Finding, type FlowList, type Version } from '../flows';
import { useWords } from '../words';

/** The flows in use, what the checker says, and the versions before. */
export function Flows() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const list = useLoad<FlowList>('flows');
  const [act, setAct] = useState<'reload' | Version | null>(null);
  const [refused, setRefused] = useState<Finding[]>([]);
  const reload = async (reason: string): Promise<void> => {
    try {
      setRefused([]);
      await ask('POST', 'flows/reload', { reason });
    } catch (why) {
      const { findings = [] } = (why instanceof Refused ? why.body : null) as { findings?: Finding[] } ?? {};
      if (findings.length === 0) throw why;
      setRefused(findings);
    } finally {
      list.again();
    }
  };
  return (
    <>
      <section class="card section">
        <h2 id="flows-title">{words.sections['flows']}<span class="gap" /><Button icon="reload" onPress={() => setAct('reload')}>{words.reload}</Button></h2>
        <Show of={list}>{({ flows, loaded_at, failed }) => (
          <>
            <p class="muted">{words.loadedAt(moment(loaded_at, language))}</p>
            {failed && <p class="fault" role="alert">{words.failed(moment(failed.at, language))}</p>}
            <Findings findings={refused.length > 0 ? refused : failed?.findings ?? []} />
            <Table label="flows-title" rows={flows} id={(flow) => flow.name} columns={[
              { name: words.flow, cell: (flow) => <a class="link" href={`/admin/flows/${encodeURIComponent(flow.name)}`} onClick={stay}>{flow.name}</a> },
              { name: words.number, cell: (flow) => flow.number ?? common.none },
              { name: words.steps, number: true, cell: (flow) => flow.steps },
              { name: words.worst, cell: (flow) => (flow.worst_case ? words.worstIs(flow.worst_case.seconds, flow.worst_case.keys) : common.none) },
              { name: words.file, wide: true, cell: (flow) => <span class="mono">{flow.file}</span> },
            ]} />
          </>
        )}</Show>
      </section>
      {list.data && list.data.versions.length > 0 && (
        <section class="card section">
          <h2 id="versions-title">{words.versions}</h2>
          <Table label="versions-title" rows={list.data.versions} id={(version) => `${version.hash} ${version.loaded_at}`} columns={[
            { name: words.version, cell: (version) => <><span class="mono">{short(version.hash)}</span> {version.hash === list.data?.current && <span class="chip good">{words.current}</span>}</> },
            { name: words.at, cell: (version) => moment(version.loaded_at, language) },
            { name: words.by, cell: (version) => words.byItself[version.by] ?? version.by },
            { name: words.changed, wide: true, cell: (version) => version.flows_changed.join(', ') || common.none },
            { name: words.acts, unseen: true, number: true, cell: (version) => version.hash !== list.data?.current && <Button onPress={() => setAct(version)}>{words.rollback}</Button> },
          ]} />
        </section>
      )}
      {act === 'reload' && <Act title={words.reload.replace('…', '')} why={words.reloadWhy} does={words.reloadDo} act={(f) => reload(f['reason'] ?? '')} onClose={() => setAct(null)} />}
      {act && act !== 'reload' && (
        <Act title={`${words.rollback.replace('…', '')}: ${short(act.hash)}`} why={words.reloadWhy} does={words.rollbackDo} onClose={() => setAct(null)}
          act={(f) => ask('POST', 'flows/rollback', { to: act.hash, reason: f['reason'] }).then(list.again)} />
      )}
    </>
  );
}

export function Findings({ findings }: { findings: Finding[] }) {
  const words = useWords();
  if (findings.length === 0) return null;
  return (
    <ul aria-label={words.findings}>
      {findings.map((finding, at) => (
        <li class="finding" key={at}>
          <span><span class={`chip ${finding.severity === 'error' ? 'over' : 'near'}`}>{finding.code}</span> {finding.message}</span>
          <small class="mono">{finding.file}:{finding.line}:{finding.column}</small>
          {finding.fix && <small>{words.fix}: {finding.fix}</small>}
        </li>
      ))}
    </ul>
  );
}
