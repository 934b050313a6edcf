import { useMemo, useState } from 'preact/hooks';
import { moment } from '../../shared/format';
import type { ViewProps } from '../../shared/page';
import { Button } from '../../shared/ui/button';
import { useEngine, type Engine } from '../../shared/ui/engine';
import { Icon } from '../../shared/ui/icon';
import { useLoad } from '../../shared/ui/load';
import { useNow } from '../../shared/ui/now';
import { useOffers } from '../../shared/ui/offers';
import { useCommon, useLanguage } from '../../shared/words';
import { ROUTES } from '../acts';
import type { OperatorLine, QueueLine, Report } from '../today';
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

export function Board({ person, leave }: ViewProps) {
  const words = useWords();
  const engine = useEngine(leave);
  const [deed, setDeed] = useState<Deed | null>(null);
  const wall = new URLSearchParams(location.search).has('wall');
  const leads = LEADERS.includes(person.role);
  const figures = person.role !== 'operator';
  const offers = useOffers(leads ? ROUTES : []);
  const today = useLoad<Report<QueueLine>>(figures ? 'reports/queue' : null, TODAY_EVERY_MS);
  const day = useLoad<Report<QueueLine>>(figures ? 'reports/queue?interval=15m' : null, HISTORY_EVERY_MS);
  const people = useLoad<Report<OperatorLine>>(leads ? 'reports/operator' : null, TODAY_EVERY_MS);
  const misses = useMemo(() => new Map((people.data?.lines ?? []).map((line) => [line.operator, line])), [people.data]);
  const act = leads && !wall ? setDeed : null;
  const { view } = engine;
  return (
    <main id="main" class={`sheet board ${wall ? 'wall' : ''}`} tabIndex={-1}>
      <Banners engine={engine} />
      <div class="head tools">
        {wall ? <Clock /> : <Link engine={engine} />}
        <span class="gap" />
        {act && offers.has('announcement') && <Button icon="horn" onPress={() => act({ does: view.announcement ? 'announce_end' : 'announce' })}>{view.announcement ? words.announceEnd : words.announce}</Button>}
        {act && offers.has('flows/reload') && <Button icon="reload" onPress={() => act({ does: 'reload' })}>{words.reload}</Button>}
        <a class="button quiet" href={wall ? '/board' : '/board?wall'}><Icon name="wall" /><span>{wall ? words.wallOff : words.wall}</span></a>
      </div>
      <Tiles view={view} />
      <Queues view={view} today={today.data?.lines ?? []} offers={offers} act={act} wall={wall} />
      <div class="pair">
        {!wall && <Callers view={view} offers={offers} act={act} leads={leads} />}
        <Operators view={view} misses={misses} offers={offers} act={act} />
      </div>
      {figures && !wall && <History lines={day.data?.lines} queues={[...view.queues.keys()]} />}
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
  return <p class="clock">{new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(new Date())}</p>;
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
        {view.alerts.map((alert) => (
          <p class="banner alarm" key={`${alert.name} ${alert.subject}`}>
            <Icon name="bell" size={16} /> {words.alertNames[alert.name] ?? alert.name}{alert.subject && ` · ${alert.subject}`} · {alert.text} <small>{words.since(moment(alert.since_at, language))}</small>
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
