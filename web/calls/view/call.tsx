import { useEffect, useState } from 'preact/hooks';
import { ask, route, type StepText } from '../../shared/api';
import { stay } from '../../shared/address';
import { length, moment, plain } from '../../shared/format';
import { Show, useLoad } from '../../shared/ui/load';
import { useCommon, useLanguage } from '../../shared/words';
import { moments, plainly, told, value, type Message, type Told } from '../story';
import { sentences, type Explanation } from '../why';
import { useWords } from '../words';
import { LadderView } from './ladder';
import { Player } from './player';

interface Record_ {
  started_at: number | string;
  ended_at: number | string | null;
  result: string | null;
  hangup_by: string | null;
  wait_ms: number | null;
  operator: string | null;
  queue: string | null;
  cause?: string | null;
  caller_quality?: Quality | null;
  operator_quality?: Quality | null;
}
interface Quality { codec: string; packets_received: number; packets_lost: number; jitter_ms: number; round_trip_ms: number | null }
interface CallStory {
  id: string;
  caller: string;
  class: string;
  line: string;
  queue: string | null;
  operator: string | null;
  stage?: string;
  record?: Record_ | null;
  events: Told[];
  disposition?: string | null;
  note?: string | null;
}
export interface Recording { name: string; call: string; started_at?: string; duration_ms?: number; channels?: number }

/** While it goes on, its story grows. */
const EVERY_MS = 3000;
/** Then there is a reason to tell. */
const WAITS = ['waiting', 'ringing'];

export function Call({ id }: { id: string }) {
  const words = useWords();
  const call = useLoad<CallStory>(route`calls/${id}`, EVERY_MS);
  const why = useLoad<{ explanation: Explanation }>(WAITS.includes(call.data?.stage ?? '') ? route`calls/${id}/why` : null, EVERY_MS);
  const common = useCommon();
  const because = why.data && !why.fault ? sentences(why.data.explanation, words, common) : [];
  const signalling = useLoad<Message[]>(route`calls/${id}/signalling`);
  const recordings = useLoad<Recording[] | { recordings: Recording[] }>(`recordings?call=${encodeURIComponent(id)}`);
  const recorded = Array.isArray(recordings.data) ? recordings.data : recordings.data?.recordings ?? [];
  return (
    <main id="main" class="sheet" tabIndex={-1}>
      <p><a class="link" href="/calls" onClick={stay}>← {words.back}</a></p>
      <Show of={call}>{(story) => (
        <>
          <Facts story={story} />
          {recorded.map((recording) => <Player key={recording.name} recording={recording} />)}
          {because.length > 0 && <section class="card section"><h2>{words.why}</h2><p class="why">{because.join(' ')}</p></section>}
          <div class="columns">
            <Timeline events={story.events ?? []} />
            {signalling.data && signalling.data.length > 0 && <LadderView messages={signalling.data} />}
          </div>
        </>
      )}</Show>
    </main>
  );
}

function Facts({ story }: { story: CallStory }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const { record } = story;
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const heard = (line: Quality | null | undefined): string | null => {
    if (!line?.packets_received) return null;
    const loss = percent.format(line.packets_lost / (line.packets_lost + line.packets_received));
    const trip = line.round_trip_ms === null ? '' : `, ${words.roundTrip} ${Math.round(line.round_trip_ms)} ${words.ms}`;
    return `${line.codec}, ${words.loss} ${loss}, ${words.jitter} ${Math.round(line.jitter_ms)} ${words.ms}${trip}`;
  };
  const result = record?.result;
  const facts: [string, string | null | undefined][] = [
    [words.line, story.line], [words.queue, story.queue ?? record?.queue], [words.operator, story.operator ?? record?.operator],
    [words.started, moment(record?.started_at, language)], [words.ended, record?.ended_at ? moment(record.ended_at, language) : null],
    [words.waited, record?.wait_ms === null || record?.wait_ms === undefined ? null : length(record.wait_ms)],
    result ? [words.result, common.results[result] ?? plain(result)] : [words.stage, story.stage && (common.stages[story.stage] ?? story.stage)],
    [words.hangupBy, record?.hangup_by ? words.values['by']?.[record.hangup_by] ?? plain(record.hangup_by) : null],
    [words.cause, record?.cause && record.cause !== 'normal' ? words.values['cause']?.[record.cause] ?? plain(record.cause) : null],
    [words.ofCaller, heard(record?.caller_quality)], [words.ofOperator, heard(record?.operator_quality)], [words.disposition, story.disposition], [words.note, story.note], [words.id, story.id],
  ];
  return (
    <section class="card section" aria-labelledby="call-title">
      <h2 id="call-title" class="big-number">{story.caller || common.withheld} <span class={`chip ${story.class}`}>{common.classes[story.class] ?? story.class}</span></h2>
      <dl class="facts">{facts.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

function Timeline({ events }: { events: Told[] }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const all = plainly(moments(events));
  const says = useSteps(all.map((one) => value(one, 'flow')));
  return (
    <section class="card section" aria-labelledby="story-title">
      <h2 id="story-title">{words.story}</h2>
      <ol class="timeline">
        {all.map((one, at) => {
          const [flow, step] = [value(one, 'flow'), value(one, 'step')];
          const text = one.kind === 'step' && flow && step ? says(flow, step) : '';
          const ranked = value(one, 'ranked');
          return (
            <li key={at} class={one.kind}>
              <time title={moment(one.at, language)}>{length(one.afterMs)}</time>
              <div>
                <b>{words.kinds[one.kind] ?? plain(one.kind)}</b>
                {one.kind === 'step' && <span class="mono" title={flow}>{step}</span>}
                {told(one, words, common).map(([name, text]) => <span key={name} class="detail">{name && <small>{name} </small>}{text}</span>)}
                {text && <small class="says">{words.stepSays(text)}</small>}
                {ranked && language === 'en' && <small class="says">{ranked}</small>}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** What callers hear at the steps of these flows, in the reader's language; nothing for those who may not see flows. */
function useSteps(flows: (string | undefined)[]): (flow: string, step: string) => string {
  const language = useLanguage();
  const names = [...new Set(flows)].filter((name) => name !== undefined).sort().join(' ');
  const [texts, set] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    let wanted = true;
    void Promise.all(names.split(' ').filter(Boolean).map(async (flow) => {
      const { steps = [] } = await ask<{ steps?: StepText[] }>('GET', route`flows/${flow}`).catch(() => ({ steps: [] }));
      return steps.map((step): [string, string] => [`${flow}/${step.name}`, step.says[language] ?? '']);
    })).then((found) => { if (wanted) set(new Map(found.flat())); });
    return () => { wanted = false; };
  }, [names, language]);
  return (flow, step) => texts.get(`${flow}/${step}`) ?? '';
}
