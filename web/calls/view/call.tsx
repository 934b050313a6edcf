import { route } from '../../shared/api';
import { stay } from '../../shared/address';
import { length, moment, plain } from '../../shared/format';
import { Show, useLoad } from '../../shared/ui/load';
import { useCommon, useLanguage } from '../../shared/words';
import { moments, type Message, type Told } from '../story';
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
}
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

export function Call({ id }: { id: string }) {
  const words = useWords();
  const call = useLoad<CallStory>(route`calls/${id}`, EVERY_MS);
  const why = useLoad<{ text: string }>(route`calls/${id}/why`);
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
          {why.data?.text && <section class="card section"><h2>{words.why}</h2><p class="why">{why.data.text}</p></section>}
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
  const result = record?.result;
  const facts: [string, string | null | undefined][] = [
    [words.line, story.line], [words.queue, story.queue ?? record?.queue], [words.operator, story.operator ?? record?.operator],
    [words.started, moment(record?.started_at, language)], [words.ended, record?.ended_at ? moment(record.ended_at, language) : null],
    [words.waited, record?.wait_ms === null || record?.wait_ms === undefined ? null : length(record.wait_ms)],
    result ? [words.result, common.results[result] ?? plain(result)] : [words.stage, story.stage && (common.stages[story.stage] ?? story.stage)],
    [words.hangupBy, record?.hangup_by ? plain(record.hangup_by) : null], [words.disposition, story.disposition], [words.note, story.note], [words.id, story.id],
  ];
  return (
    <section class="card section" aria-labelledby="call-title">
      <h2 id="call-title" class="big-number">{story.caller || common.withheld} <span class={`chip ${story.class}`}>{common.classes[story.class] ?? story.class}</span></h2>
      <dl class="facts">{facts.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

function Timeline({ events }: { events: Told[] }) {
  const [words, language] = [useWords(), useLanguage()];
  return (
    <section class="card section" aria-labelledby="story-title">
      <h2 id="story-title">{words.story}</h2>
      <ol class="timeline">
        {moments(events).map((one, at) => (
          <li key={at} class={one.kind}>
            <time title={moment(one.at, language)}>{length(one.afterMs)}</time>
            <div>
              <b>{words.kinds[one.kind] ?? plain(one.kind)}</b>
              {one.detail.map(([key, value]) => <span key={key} class="detail">{key && <small>{plain(key)} </small>}{key.endsWith('_ms') ? length(Number(value)) : value}</span>)}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
