import { useMemo, useState } from 'preact/hooks';
import { clock } from '../../shared/clock';
import { moment } from '../../shared/format';
import type { ViewProps } from '../../shared/page';
import { Button } from '../../shared/ui/button';
import { useEngine, type Engine } from '../../shared/ui/engine';
import { Icon } from '../../shared/ui/icon';
import { useLoad } from '../../shared/ui/load';
import { useNow } from '../../shared/ui/now';
import { Xray } from '../../shared/ui/xray';
import { useCommon, useLanguage } from '../../shared/words';
import { alarms, pressing } from '../figures';
import type { LineQuality, OperatorLine, QueueLine, Report } from '../today';
import { useWords } from '../words';
import { ActDialog, type Deed } from './act';
import { Callers } from './callers';
import { History } from './history';
import { Operators } from './operators';
import { Queues } from './queues';
import { Tiles } from './tiles';

/** Figures of the day are counted from the records; the live ones come by themselves. */
const TODAY_EVERY_MS = 30_000;
const HISTORY_EVERY_MS = 60_000;
const LEADERS = ['supervisor', 'admin'];
/** Their figures are in the view; of the others the engine's sentence says more. */
const TOLD = ['promise_at_risk', 'nobody_ready'];

export function Board({ person, leave }: ViewProps) {
  const words = useWords();
  const engine = useEngine(leave);
  const [deed, setDeed] = useState<Deed | null>(null);
  const wall = new URLSearchParams(location.search).has('wall');
  const leads = LEADERS.includes(person.role);
  const figures = person.role !== 'operator';
  const today = useLoad<Report<QueueLine>>(figures ? 'reports/queue' : null, TODAY_EVERY_MS);
  const day = useLoad<Report<QueueLine>>(figures ? 'reports/queue?interval=15m' : null, HISTORY_EVERY_MS);
  const people = useLoad<Report<OperatorLine>>(leads ? 'reports/operator' : null, TODAY_EVERY_MS);
  const quality = useLoad<LineQuality[]>(leads ? 'history/quality' : null, TODAY_EVERY_MS);
  const lines = useMemo(() => new Map((quality.data ?? []).map((line) => [line.operator, line])), [quality.data]);
  const misses = useMemo(() => new Map((people.data?.lines ?? []).map((line) => [line.operator, line])), [people.data]);
  const act = leads && !wall ? setDeed : null;
  const { view } = engine;
  return (
    <main id="main" class={`sheet board ${wall ? 'wall' : ''}`} tabIndex={-1}>
      <Banners engine={engine} />
      <div class="head tools">
        {wall ? <Clock /> : <Link engine={engine} />}
        <span class="gap" />
        {act && <Button icon="horn" onPress={() => act({ does: view.announcement ? 'announce_end' : 'announce' })}>{view.announcement ? words.announceEnd : words.announce}</Button>}
        {act && <Button icon="reload" onPress={() => act({ does: 'reload' })}>{words.reload}</Button>}
        <a class="button quiet" href={wall ? '/board' : '/board?wall'}><Icon name="wall" /><span>{wall ? words.wallOff : words.wall}</span></a>
      </div>
      <Tiles view={view} />
      <Queues view={view} today={today.data?.lines ?? []} act={act} wall={wall} />
      <div class="pair">
        {!wall && <Callers view={view} act={act} leads={leads} />}
        <Operators view={view} misses={misses} lines={lines} act={act} />
      </div>
      {figures && !wall && <History lines={day.data?.lines} queues={[...view.queues.keys()]} />}
      {figures && !wall && <Xray named={leads} />}
      {deed && <ActDialog deed={deed} view={view} person={person} onClose={() => setDeed(null)} />}
    </main>
  );
}

function Link({ engine }: { engine: Engine }) {
  const words = useCommon();
  const is = engine.live ? 'up' : engine.heardAt === null ? 'off' : 'lost';
  return <p class={`line ${is}`} role="status"><i aria-hidden="true" />{is === 'up' ? words.live : is === 'off' ? words.waitingLink : words.lostLink}</p>;
}

function Clock() {
  const language = useLanguage();
  useNow();
  return <p class="clock">{new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date())}</p>;
}

/** What everybody has to know now, most urgent first. */
function Banners({ engine }: { engine: Engine }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const now = useNow();
  const { view, live, heardAt } = engine;
  const lost = !live && heardAt !== null;
  return (
    <>
      <div role="alert" class="banners">
        {lost && <p class="banner alarm stale">{common.stale(Math.floor((now - heardAt) / 1000))}</p>}
        {alarms(view, now).map((alarm) => (
          <p class="banner alarm" key={alarm.name}>
            <Icon name="bell" size={16} /> <b>{words.alertNames[alarm.name] ?? alarm.name}</b>
            {pressing(alarm).map((one) => (
              <span key={one.subject}>
                {one.missing > 0 ? `${one.subject}: ${words.short(one.missing)}` : one.waiting > 0 ? `${one.subject}: ${words.waits(one.waiting, clock(one.longestMs))}` : TOLD.includes(alarm.name) ? one.subject : one.text}
              </span>
            ))}
            <small>{words.since(moment(alarm.since_at, language))}</small>
          </p>
        ))}
        {view.diskNearlyFull && <p class="banner alarm">{common.disk}</p>}
      </div>
      <div role="status" class="banners">
        {view.announcement && <p class="banner">{words.announced(view.announcement.say.join(', '), moment(view.announcement.until, language))}</p>}
        {view.draining && <p class="banner">{common.draining}</p>}
      </div>
    </>
  );
}
