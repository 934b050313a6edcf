import { plain } from '../../shared/format';
import { Show, useLoad } from '../../shared/ui/load';
import { useCommon } from '../../shared/words';
import { useWords } from '../words';

/** The configuration in effect, section by section. */
export function Config() {
  const words = useWords();
  const config = useLoad<Record<string, unknown>>('config');
  return (
    <section class="card section config" tabIndex={0} aria-labelledby="config-title">
      <h2 id="config-title">{words.sections['config']}</h2>
      <p class="muted">{words.configWhy}</p>
      <Show of={config}>{(all) => Object.entries(all).map(([name, value]) => (
        <section key={name}><h3>{name}</h3><Tree value={value} /></section>
      ))}</Show>
    </section>
  );
}

function Tree({ value }: { value: unknown }) {
  const common = useCommon();
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return <span class="mono">{value.join(', ') || common.none}</span>;
  if (value === null || value === undefined || value === '') return <span class="mono">{common.none}</span>;
  if (typeof value !== 'object') return <span class="mono">{String(value)}</span>;
  return <dl class="tree">{Object.entries(value).map(([name, inner]) => <div key={name}><dt>{Array.isArray(value) ? `${Number(name) + 1}` : plain(name)}</dt><dd><Tree value={inner} /></dd></div>)}</dl>;
}
