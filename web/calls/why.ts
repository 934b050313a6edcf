// Why a caller waits, from the engine's explanation of it, in the reader's language. Pure.
import { clock } from '../shared/clock';
import type { CommonWords } from '../shared/words';
import type { CallWords } from './words';

interface Duration { secs: number; nanos: number }
interface Reason { operator: string; rank: number | null; why: string | Record<string, Record<string, unknown>> }

export interface Explanation {
  standing: {
    queue: string;
    class: string;
    stage: 'waiting' | 'ringing' | 'connecting' | 'talking' | 'callback';
    waited: Duration;
    ahead: { returned: number; priority: number; others: number };
    meanwhile: Record<string, number>;
    reserve: number;
    ready: number;
    held_back: boolean;
    withheld: Duration;
    due_in: Duration | null;
  } | null;
  decisions: { operator: string; rule: string; waited: Duration; candidates: number; ranked: Reason[] }[];
}

const ms = ({ secs, nanos }: Duration): number => secs * 1000 + nanos / 1e6;

/** A sentence for each decision, then how he stands now. */
export function sentences({ standing, decisions }: Explanation, words: CallWords, common: CommonWords): string[] {
  const told = decisions.map(({ operator, rule, waited, candidates }) => words.rang(clock(ms(waited)), operator, words.rules[rule] ?? rule, candidates));
  if (!standing) return told;
  const { stage, queue, ahead, meanwhile } = standing;
  const waited = clock(ms(standing.waited));
  if (stage !== 'waiting') return [...told, words.standing[stage]?.(waited, queue) ?? ''];
  told.push(words.waits(common.classes[standing.class] ?? standing.class, queue, waited));
  const before = ahead.returned + ahead.priority + ahead.others;
  told.push(before === 0 ? words.first : words.ahead(before, ahead.priority, ahead.others, ahead.returned));
  if (standing.held_back) told.push(words.heldBack(standing.ready, standing.reserve));
  else if (standing.ready === 0) told.push(words.nobodyReady);
  const served = Object.entries(meanwhile).filter(([, count]) => count > 0);
  if (served.length > 0) told.push(words.served(served.map(([rule, count]) => `${words.served_by[rule] ?? rule}: ${count}`).join(', ')));
  if (ms(standing.withheld) >= 1000 && standing.class !== 'priority') told.push(words.withheld(clock(ms(standing.withheld))));
  if (standing.due_in) told.push(words.due(clock(ms(standing.due_in))));
  return told;
}
