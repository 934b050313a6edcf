import { useState } from 'preact/hooks';
import { hours, share } from '../../shared/format';
import { Chart } from '../../shared/ui/chart';
import { useCommon, useLanguage } from '../../shared/words';
import { intervals, type QueueLine } from '../today';
import { useWords } from '../words';

/** Today in intervals: how many called, how the promise was kept, how long they waited. */
export function History({ lines, queues }: { lines: QueueLine[] | undefined; queues: string[] }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const [queue, setQueue] = useState<string | null>(null);
  const mine = intervals(lines ?? [], queue, Date.now());
  const labels = mine.map((line) => hours(line.from, language));
  const asShare = (value: number): string => share(value, language);
  const count = (value: number): string => String(Math.round(value * 10) / 10);
  const common3 = { labels, asTable: common.asTable, labelTitle: words.interval };
  return (
    <section class="card section" aria-labelledby="history-title">
      <h2 id="history-title">{words.history} <small>{words.every}</small><span class="gap" />
        <label class="row history-queue"><small>{words.forQueue}</small>
          <select value={queue ?? ''} onChange={(event) => setQueue(event.currentTarget.value || null)}>
            <option value="">{words.allQueues}</option>
            {queues.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
      </h2>
      {lines === undefined ? <p class="muted empty">{common.loading}</p> : mine.length === 0 ? <p class="muted empty">{words.noHistory}</p> : (
        <div class="charts">
          <Chart {...common3} title={words.chartCalls} format={count} series={[
            { name: words.offered, kind: 'bar', tone: 'accent', values: mine.map((line) => line.offered) },
            { name: words.answered, kind: 'bar', tone: 'good', values: mine.map((line) => line.connected) },
            { name: words.gaveUp, kind: 'bar', tone: 'over', values: mine.map((line) => line.hung_up) },
          ]} />
          <Chart {...common3} title={words.chartLevel} format={asShare} top={1} mark={0.9} series={[
            { name: words.p10Short, kind: 'line', tone: 'violet', values: mine.map((line) => line.p10) },
            { name: words.level, kind: 'line', tone: 'good', values: mine.map((line) => line.service_level) },
          ]} />
          <Chart {...common3} title={words.chartWait} format={count} series={[
            { name: words.meanWait, kind: 'line', tone: 'accent', values: mine.map((line) => (line.asa_ms === null ? null : line.asa_ms / 1000)) },
          ]} />
        </div>
      )}
    </section>
  );
}
