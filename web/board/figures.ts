// What the board says in figures: waits against their promises, the few numbers above the tables. Pure.
import type { Alert, CallView, OperatorView, QueueView } from '../shared/api';
import type { Timed, View } from '../shared/view';

/** The promises by class, in seconds (the queue rules' targets). */
export const TARGETS_S: Record<string, number> = { priority: 10, security: 30, agent_line: 60, standard: 300 };
export const CLASSES = Object.keys(TARGETS_S);
/** A wait past this part of its promise deserves a look. */
const NEAR = 0.7;
/** The promise to Priority: nine of ten within ten seconds; below eight it is broken. */
const P10_KEPT = 0.9;
const P10_BROKEN = 0.8;

export type Mood = 'fine' | 'near' | 'over';

export interface Wait { class: string; ms: number; share: number }

export const waitingIn = (queue: QueueView): number => Object.values(queue.waiting).reduce((sum, n) => sum + n, 0);

/** Each class's longest wait by now, those closest to their promise first. */
export function waitsIn(queue: Timed<QueueView>, now: number): Wait[] {
  return Object.entries(queue.waiting)
    .filter(([, count]) => count > 0)
    .map(([name]) => {
      const ms = (queue.longest_by_class_s[name] ?? 0) * 1000 + (now - queue.at);
      return { class: name, ms, share: ms / 1000 / (TARGETS_S[name] ?? Infinity) };
    })
    .sort((a, b) => b.share - a.share);
}

export const mood = (wait: Wait | undefined): Mood => (!wait || wait.share < NEAR ? 'fine' : wait.share <= 1 ? 'near' : 'over');

export const p10Mood = (p10: number | null): Mood => (p10 === null || p10 >= P10_KEPT ? 'fine' : p10 >= P10_BROKEN ? 'near' : 'over');

/** How long something has lasted, counted on from when it was told. */
export const lasted = (item: { since_ms: number; at: number }, now: number): number => item.since_ms + (now - item.at);

export interface Tiles {
  waiting: number;
  inMenus: number;
  longest: (Wait & { queue: string }) | null;
  lowest: { queue: string; p10: number } | null;
  talking: number;
  ringing: number;
  ready: number;
  signedIn: number;
  paused: number;
}

export function tiles(view: View, now: number): Tiles {
  const queues = [...view.queues.values()];
  const calls = [...view.calls.values()];
  const operators = [...view.operators.values()];
  const stage = (name: string): number => calls.filter((call) => call.stage === name).length;
  const state = (name: string): number => operators.filter((operator) => operator.state === name).length;
  const waits = queues.flatMap((queue) => waitsIn(queue, now).slice(0, 1).map((wait) => ({ ...wait, queue: queue.name })));
  const promised = queues.flatMap(({ name, p10 }) => (p10 === null ? [] : [{ queue: name, p10 }]));
  return {
    waiting: queues.reduce((sum, queue) => sum + waitingIn(queue), 0),
    inMenus: stage('menu'),
    longest: waits.sort((a, b) => b.share - a.share)[0] ?? null,
    lowest: promised.sort((a, b) => a.p10 - b.p10)[0] ?? null,
    talking: stage('talking'),
    ringing: stage('ringing'),
    ready: state('ready'),
    signedIn: operators.length - state('offline') - state('unreachable'),
    paused: state('paused'),
  };
}

export interface Alarm { name: string; since_at: string; about: { subject: string; text: string; waiting: number; longestMs: number; missing: number }[] }

/** Alerts of one kind are one line, with what each is about and its figures of now. */
export function alarms(view: View, now: number): Alarm[] {
  const found = new Map<string, Alarm>();
  for (const alert of view.alerts) {
    const alarm = found.get(alert.name) ?? { name: alert.name, since_at: alert.since_at, about: [] };
    if (Date.parse(alert.since_at) < Date.parse(alarm.since_at)) alarm.since_at = alert.since_at;
    alarm.about.push(about(view, alert, now));
    found.set(alert.name, alarm);
  }
  return [...found.values()];
}

/** Those that have something to show; all, when none has. */
export function pressing({ about }: Alarm): Alarm['about'] {
  const now = about.filter(({ waiting, missing }) => waiting + missing > 0);
  return now.length > 0 ? now : about;
}

function about(view: View, { subject, text }: Alert, now: number): Alarm['about'][number] {
  const queue = view.queues.get(subject);
  const longestMs = queue ? waitsIn(queue, now).reduce((most, { ms }) => Math.max(most, ms), 0) : 0;
  const missing = Math.max(0, ...[...view.queues.values()].filter(({ pool }) => pool === subject).map((one) => one.missing));
  return { subject, text, waiting: queue ? waitingIn(queue) : 0, longestMs, missing };
}

const STAGES = ['waiting', 'ringing', 'talking', 'menu'];
const STATES = ['talking', 'ringing', 'claimed', 'ready', 'wrap_up', 'paused', 'unreachable', 'offline'];

/** Who waits longest is on top. */
export const byNeed = (calls: Iterable<Timed<CallView>>, now: number): Timed<CallView>[] =>
  [...calls].sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || lasted(b, now) - lasted(a, now) || (a.id < b.id ? -1 : 1));

export const byState = (operators: Iterable<Timed<OperatorView>>): Timed<OperatorView>[] =>
  [...operators].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.id < b.id ? -1 : 1));
