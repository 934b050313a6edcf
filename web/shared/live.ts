// The engine's stream of events: a snapshot, then changes, and a heartbeat every two seconds.
import type { Change, Snapshot } from './view';

/** The engine speaks at least every 2 s. */
const STALE_AFTER_MS = 5000;
const REOPEN_MS = 2000;

export interface Listener {
  snapshot(snapshot: Snapshot): void;
  change(change: Change): void;
  live(is: boolean): void;
  /** The stream was refused: the session may have ended. */
  refused(): void;
}

/** Returns what ends it. */
export function listen(listener: Listener): () => void {
  let source: EventSource | null = null;
  let stale = 0;
  let reopen = 0;
  const heard = (): void => {
    listener.live(true);
    clearTimeout(stale);
    stale = window.setTimeout(() => {
      listener.live(false);
      open(); // a half-open connection never says that it is dead
    }, STALE_AFTER_MS);
  };
  const open = (): void => {
    source?.close();
    source = new EventSource('/api/v1/events');
    source.addEventListener('snapshot', (event) => { heard(); listener.snapshot(JSON.parse(event.data)); });
    source.addEventListener('change', (event) => { heard(); listener.change(JSON.parse(event.data)); });
    source.addEventListener('heartbeat', heard);
    source.addEventListener('error', () => {
      listener.live(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(reopen);
      reopen = window.setTimeout(() => { listener.refused(); open(); }, REOPEN_MS);
    });
  };
  open();
  return () => {
    clearTimeout(stale);
    clearTimeout(reopen);
    source?.close();
  };
}
