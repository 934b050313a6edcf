import { useState } from 'preact/hooks';
import type { StepText } from '../api';
import { route } from '../api';
import { length, share } from '../format';
import { useCommon, useLanguage, useWordsOf } from '../words';
import { mood, stops, type MenuLine, type Stop } from '../xray';
import { useLoad } from './load';

const EVERY_MS = 60_000;
const BAR = 120;

const en = {
  title: 'In the menus', why: 'Where callers leave, and where they err, today.', flow: 'Flow', step: 'Step', came: 'Came', left: 'Left', leftTitle: 'Hung up here', errors: 'Erred', errorsTitle: 'Pressed a key that is not there, or nothing, of those who heard the menu',
  wrong: 'Wrong / silent', wrongTitle: 'Pressed a key that is not there / pressed nothing', heard: 'Heard all', heardTitle: 'Listened to the end before pressing', cutIn: 'Cut in at', cutInTitle: 'Where half of those who cut in did so', person: 'To a person', personTitle: 'From here to an operator, for half of those who reached one',
  bar: (left: string, errors: string) => `left ${left}, erred ${errors}`, none: 'Nobody has called this flow today.', seconds: (n: string) => `${n} s`,
};
type Words = typeof en;
const ru: Words = {
  title: 'В меню', why: 'Где сегодня уходят и где ошибаются.', flow: 'Сценарий', step: 'Шаг', came: 'Пришли', left: 'Ушли', leftTitle: 'Положили трубку здесь', errors: 'Ошиблись', errorsTitle: 'Нажали не ту клавишу или ничего, из тех, кто слушал меню',
  wrong: 'Не та / тишина', wrongTitle: 'Нажали не ту клавишу / не нажали ничего', heard: 'Дослушали', heardTitle: 'Дослушали до конца, прежде чем нажать', cutIn: 'Перебили на', cutInTitle: 'Когда нажала половина тех, кто не дослушал', person: 'До оператора', personTitle: 'Сколько отсюда до оператора, для половины дошедших',
  bar: (left, errors) => `ушли ${left}, ошиблись ${errors}`, none: 'Сегодня по этому сценарию не звонили.', seconds: (n) => `${n} с`,
};
const WORDS = { en, ru };

/** What callers do at each step of a flow, as bars and figures in one table; of one flow, or of one that is chosen. */
export function Xray({ flow: given }: { flow?: string }) {
  const [words, common, language] = [useWordsOf(WORDS), useCommon(), useLanguage()];
  const report = useLoad<{ lines: MenuLine[] }>('reports/menu', EVERY_MS);
  const lines = report.data?.lines ?? [];
  const flows = [...new Set(lines.map(({ flow }) => flow))];
  const [chosen, choose] = useState('');
  const busiest = [...lines].sort((a, b) => b.entered - a.entered)[0]?.flow;
  const flow = given ?? (flows.includes(chosen) ? chosen : busiest) ?? '';
  const known = useLoad<{ steps?: StepText[] }>(flow ? route`flows/${flow}` : null);
  const found = stops(lines, flow, known.data?.steps ?? [], language);
  if (report.absent) return null;
  return (
    <section class="card section xray" aria-labelledby="xray-title">
      <h2 id="xray-title">{words.title} <small>{words.why}</small><span class="gap" />
        {!given && flows.length > 1 && (
          <label class="row history-queue"><small>{words.flow}</small>
            <select value={flow} onChange={(event) => choose(event.currentTarget.value)}>{flows.map((name) => <option key={name} value={name}>{name}</option>)}</select>
          </label>
        )}
      </h2>
      {report.data === undefined ? <p class="muted empty">{common.loading}</p> : found.length === 0 ? <p class="muted empty">{words.none}</p> : (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="xray-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{words.step}</th><th scope="col" class="number">{words.came}</th><th scope="col"><span class="unseen">{words.left}, {words.errors}</span></th>
                <th scope="col" class="number" title={words.leftTitle}>{words.left}</th><th scope="col" class="number" title={words.errorsTitle}>{words.errors}</th>
                <th scope="col" class="number" title={words.wrongTitle}>{words.wrong}</th>
                <th scope="col" class="number" title={words.heardTitle}>{words.heard}</th><th scope="col" class="number" title={words.cutInTitle}>{words.cutIn}</th><th scope="col" class="number" title={words.personTitle}>{words.person}</th>
              </tr>
            </thead>
            <tbody>{found.map((stop) => <Row key={stop.step} stop={stop} most={Math.max(...found.map(({ entered }) => entered))} words={words} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ stop, most, words }: { stop: Stop; most: number; words: Words }) {
  const language = useLanguage();
  const presses = stop.keys + stop.silences > 0;
  const count = (of: number, part: number): string => `${of} · ${share(part, language)}`;
  const seconds = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (
    <tr data-step={stop.step}>
      <th scope="row"><span class="mono">{stop.step}</span>{stop.says && <small class="says" title={stop.says}>{stop.says}</small>}</th>
      <td class="number">{stop.entered}</td>
      <td><Bar stop={stop} most={most} label={words.bar(share(stop.leftShare, language), share(stop.errorShare, language))} /></td>
      <td class={`number ${mood(stop.leftShare, stop.entered)}`}>{stop.left > 0 ? count(stop.left, stop.leftShare) : '–'}</td>
      <td class={`number ${mood(stop.errorShare, stop.keys + stop.silences)}`}>{stop.errors > 0 ? count(stop.errors, stop.errorShare) : '–'}</td>
      <td class="number">{presses ? `${stop.wrong_keys} / ${stop.silences}` : '–'}</td>
      <td class="number">{share(stop.heard_to_the_end, language)}</td>
      <td class="number">{stop.barge_in_ms === null ? '–' : words.seconds(seconds.format(stop.barge_in_ms / 1000))}</td>
      <td class="number">{length(stop.to_person_ms)}</td>
    </tr>
  );
}

/** As long as there were callers; the part that left, and the part that erred. */
function Bar({ stop, most, label }: { stop: Stop; most: number; label: string }) {
  const all = Math.max(2, (stop.entered / Math.max(1, most)) * BAR);
  return (
    <svg class="flow-bar" width={BAR} height="14" role="img" aria-label={label}>
      <rect class="all" width={all} height="14" rx="3" />
      <rect class="left" width={all * Math.min(1, stop.leftShare)} height="14" rx="3" />
      <rect class="errors" y="10" width={all * Math.min(1, stop.errorShare)} height="4" rx="2" />
    </svg>
  );
}
