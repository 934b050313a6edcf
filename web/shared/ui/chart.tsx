import { useId } from 'preact/hooks';

export interface Series { name: string; kind: 'bar' | 'line'; tone: 'accent' | 'good' | 'near' | 'over' | 'violet'; values: (number | null)[] }

interface Props {
  title: string;
  labels: string[];
  series: Series[];
  /** Top of the scale; the greatest value without it. */
  top?: number;
  format: (value: number) => string;
  /** A promise to draw across. */
  mark?: number;
  /** Words on the button that shows the table. */
  asTable: string;
  labelTitle: string;
}

const WIDTH = 380;
const HEIGHT = 132;
const LEFT = 36;
const BOTTOM = 18;
const TOP = 8;
const LABELS_MAX = 6;

/** The next round number: 1, 2, 5, 10, 20… */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** Bars and lines over intervals, with their table: the figures are for everybody, the picture for those who see it. */
export function Chart({ title, labels, series, top, format, mark, asTable, labelTitle }: Props) {
  const id = useId();
  const values = series.flatMap((one) => one.values).filter((value) => value !== null);
  const scale = top ?? roundUp(Math.max(1, ...values));
  const [right, base] = [WIDTH - 6, HEIGHT - BOTTOM];
  const step = (right - LEFT) / Math.max(1, labels.length);
  const y = (value: number): number => base - (Math.min(value, scale) / scale) * (base - TOP);
  const bars = series.filter((one) => one.kind === 'bar');
  const width = Math.max(1, Math.min(18, (step - 2) / Math.max(1, bars.length)));
  const every = Math.max(1, Math.ceil(labels.length / LABELS_MAX));
  return (
    <figure class="chart">
      <figcaption id={id}>{title}
        <span class="legend">{series.map((one) => <span key={one.name} class={`key ${one.tone} as-${one.kind}`}><i aria-hidden="true" />{one.name}</span>)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id}>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line class="grid" x1={LEFT} x2={right} y1={y(part * scale)} y2={y(part * scale)} />
            <text class="axis" x={LEFT - 6} y={y(part * scale) + 3.5} text-anchor="end">{format(part * scale)}</text>
          </g>
        ))}
        {mark !== undefined && <line class="mark" x1={LEFT} x2={right} y1={y(mark)} y2={y(mark)} />}
        {labels.map((label, at) => at % every === 0 && (
          <text class="axis" key={label} x={LEFT + step * (at + 0.5)} y={HEIGHT - 4} text-anchor="middle">{label}</text>
        ))}
        {bars.map((one, nth) => one.values.map((value, at) => value !== null && value > 0 && (
          <rect key={`${one.name}${at}`} class={one.tone} x={LEFT + step * (at + 0.5) + (nth - bars.length / 2) * width} width={width - 0.5}
            y={y(value)} height={base - y(value)} rx="1.5" />
        )))}
        {series.filter((one) => one.kind === 'line').map((one) => (
          <g key={one.name} class={one.tone}>
            <path d={line(one.values, (at) => LEFT + step * (at + 0.5), y)} />
            {one.values.map((value, at) => value !== null && <circle key={at} cx={LEFT + step * (at + 0.5)} cy={y(value)} r="2" />)}
          </g>
        ))}
      </svg>
      <details>
        <summary>{asTable}</summary>
        <div class="scroll" tabIndex={0} role="group" aria-labelledby={id}>
          <table>
            <thead><tr><th scope="col">{labelTitle}</th>{series.map((one) => <th scope="col" class="number" key={one.name}>{one.name}</th>)}</tr></thead>
            <tbody>
              {labels.map((label, at) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  {series.map((one) => { const value = one.values[at]; return <td class="number" key={one.name}>{value === null || value === undefined ? '–' : format(value)}</td>; })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** A line that breaks where there is no figure. */
function line(values: (number | null)[], x: (at: number) => number, y: (value: number) => number): string {
  let drawing = false;
  return values.map((value, at) => {
    if (value === null) { drawing = false; return ''; }
    const part = `${drawing ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    drawing = true;
    return part;
  }).join('');
}
