import { useState } from 'preact/hooks';
import { address, query, route } from '../../shared/api';
import { stay } from '../../shared/address';
import { moment } from '../../shared/format';
import { Show, useLoad } from '../../shared/ui/load';
import { Xray } from '../../shared/ui/xray';
import { useLanguage } from '../../shared/words';
import { lines, short, type Finding, type FlowList } from '../flows';
import { useWords } from '../words';
import { Findings } from './flows';

interface Whole { name: string; file: string; text: string; findings: Finding[] }

/** One flow: as a graph, as its text, and what a version before it said. */
export function Flow({ name }: { name: string }) {
  const words = useWords();
  const flow = useLoad<Whole>(route`flows/${name}`);
  const graph = address(route`flows/${name}/graph`);
  return (
    <>
      <p><a class="link" href="/admin/flows" onClick={stay}>← {words.back}</a></p>
      <Show of={flow}>{(it) => (
        <>
          <section class="card section">
            <h2>{it.name}<span class="gap" /><a class="button quiet small" href={graph} target="_blank" rel="noreferrer">{words.whole}</a></h2>
            <div class="graph" tabIndex={0} role="group" aria-label={words.graph}><img src={graph} alt={words.graphOf(it.name)} /></div>
          </section>
          <section class="card section"><h2>{words.findings}</h2>{it.findings.length === 0 ? <p class="muted">{words.noFindings}</p> : <Findings findings={it.findings} />}</section>
          <Xray flow={it.name} />
          <Diff name={it.name} />
          <section class="card section"><h2>{words.text} <small class="mono">{it.file}</small></h2><div class="scroll" tabIndex={0} role="group" aria-label={words.text}><pre>{it.text}</pre></div></section>
        </>
      )}</Show>
    </>
  );
}

function Diff({ name }: { name: string }) {
  const [words, language] = [useWords(), useLanguage()];
  const list = useLoad<FlowList>('flows');
  const [from, setFrom] = useState('');
  const before = (list.data?.versions ?? []).filter(({ hash }) => hash !== list.data?.current);
  const diff = useLoad<string>(from && list.data ? query(route`flows/${name}/diff`, { from, to: list.data.current }) : null);
  if (before.length === 0) return null;
  return (
    <section class="card section">
      <h2 id="diff-title">{words.diff}<span class="gap" />
        <label class="pick"><span class="unseen">{words.compare}</span>
          <select value={from} onChange={(event) => setFrom(event.currentTarget.value)}>
            <option value="">{words.compare}…</option>
            {before.map(({ hash, loaded_at }) => <option key={hash} value={hash}>{short(hash)} · {moment(loaded_at, language)}</option>)}
          </select>
        </label>
      </h2>
      {from && (
        <Show of={diff}>{(text) => (text.trim() === '' ? <p class="muted">{words.same}</p> : (
          <div class="scroll" tabIndex={0} role="group" aria-labelledby="diff-title">
            <pre class="diff">{lines(text).map((line, at) => <span key={at} class={line.kind}>{line.text}</span>)}</pre>
          </div>
        ))}</Show>
      )}
    </section>
  );
}
