// A caller's way through the menu, from the events of his call: what he heard and chose before he reached a person. Pure.
import type { CallEvent } from '../shared/api';

export interface Stop {
  kind: 'step' | 'queue' | 'operator';
  name: string;
  /** Since the call began. */
  afterMs: number;
}

/** Steps that loop (a menu heard again, the music between announcements) are one stop. */
export function path(events: CallEvent[]): Stop[] {
  const stops: Stop[] = [];
  const start = events[0]?.at_ms ?? 0;
  let queued = false;
  for (const { kind, at_ms, detail } of events) {
    const stop = (kind: Stop['kind'], name: string): void => {
      const last = stops[stops.length - 1];
      if (last?.kind !== kind || last.name !== name) stops.push({ kind, name, afterMs: at_ms - start });
    };
    if (kind === 'enqueued') {
      queued = true;
      stop('queue', detail['queue'] ?? '');
    } else if (kind === 'exit') {
      queued = false;
    } else if (kind === 'step' && !queued) {
      stop('step', detail['step'] ?? '');
    }
  }
  return stops;
}
