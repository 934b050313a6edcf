import { clock } from '../../shared/clock';
import { share } from '../../shared/format';
import { useNow } from '../../shared/ui/now';
import type { View } from '../../shared/view';
import { useLanguage } from '../../shared/words';
import { mood, p10Mood, tiles, type Mood } from '../figures';
import { useWords } from '../words';

/** The five figures that are read from across the room. */
export function Tiles({ view }: { view: View }) {
  const [words, language, now] = [useWords(), useLanguage(), useNow()];
  const now5 = tiles(view, now);
  const { longest, lowest } = now5;
  return (
    <dl class="tiles">
      <Tile name="waiting" label={words.waiting} value={String(now5.waiting)} sub={words.inMenus(now5.inMenus)} />
      <Tile name="longest" label={words.longest} value={longest ? clock(longest.ms) : '–'} sub={longest ? words.inQueue(longest.queue) : words.nobody} is={mood(longest ?? undefined)} />
      <Tile name="p10" label={words.p10} value={share(lowest?.p10, language)} sub={lowest ? words.lowest(lowest.queue) : words.noCalls} is={p10Mood(lowest?.p10 ?? null)} />
      <Tile name="talking" label={words.talking} value={String(now5.talking)} sub={words.ringing(now5.ringing)} />
      <Tile name="ready" label={words.ready} value={String(now5.ready)} sub={words.of(now5.signedIn, now5.paused)} is={now5.waiting > 0 && now5.ready === 0 ? 'near' : 'fine'} />
    </dl>
  );
}

function Tile({ name, label, value, sub, is = 'fine' }: { name: string; label: string; value: string; sub: string; is?: Mood }) {
  return (
    <div class={`card tile ${is}`} data-tile={name}>
      <dt>{label}</dt>
      <dd class="figure">{value}</dd>
      <dd class="sub">{sub}</dd>
    </div>
  );
}
