// What the engine shows now: its calls, operators and queues, from a snapshot and the changes after it. Pure; `at` is when a thing was
// told, so that its times can be counted on.
import type { Alert, Announcement, CallView, OperatorView, QueueView } from './api';

export type Timed<T> = T & { at: number };

export interface Snapshot {
  calls: CallView[];
  operators: OperatorView[];
  queues: QueueView[];
  draining: boolean;
  disk_nearly_full?: boolean;
  alerts?: Alert[];
  announcement?: Announcement | null;
}
export interface Change extends Partial<Snapshot> { calls_gone?: string[]; operators_gone?: string[]; queues_gone?: string[] }

export interface View {
  calls: ReadonlyMap<string, Timed<CallView>>;
  operators: ReadonlyMap<string, Timed<OperatorView>>;
  queues: ReadonlyMap<string, Timed<QueueView>>;
  draining: boolean;
  diskNearlyFull: boolean;
  alerts: Alert[];
  announcement: Announcement | null;
}

export const NOTHING: View = {
  calls: new Map(), operators: new Map(), queues: new Map(), draining: false, diskNearlyFull: false, alerts: [], announcement: null,
};

export const fromSnapshot = (snapshot: Snapshot, at: number): View => changed(NOTHING, snapshot, at);

export function changed(view: View, change: Change, at: number): View {
  return {
    calls: merged(view.calls, change.calls, change.calls_gone, (call) => call.id, at),
    operators: merged(view.operators, change.operators, change.operators_gone, (operator) => operator.id, at),
    queues: merged(view.queues, change.queues, change.queues_gone, (queue) => queue.name, at),
    draining: change.draining ?? view.draining,
    diskNearlyFull: change.disk_nearly_full ?? view.diskNearlyFull,
    alerts: change.alerts ?? view.alerts,
    // `null` says that there is none any more.
    announcement: change.announcement === undefined ? view.announcement : change.announcement,
  };
}

function merged<T>(
  before: ReadonlyMap<string, Timed<T>>, came: T[] | undefined, gone: string[] | undefined, key: (item: T) => string, at: number,
): ReadonlyMap<string, Timed<T>> {
  if (!came?.length && !gone?.length) return before;
  const after = new Map(before);
  for (const item of came ?? []) after.set(key(item), { ...item, at });
  for (const id of gone ?? []) after.delete(id);
  return after;
}
