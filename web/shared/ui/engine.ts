import { useEffect, useState } from 'preact/hooks';
import { Refused, sessions } from '../api';
import { listen } from '../live';
import { NOTHING, changed, fromSnapshot, type View } from '../view';

export interface Engine {
  view: View;
  /** The stream speaks. */
  live: boolean;
  /** When it spoke last; null before its first word. */
  heardAt: number | null;
}

/** The engine's view as it changes. `leave`: the session has ended. */
export function useEngine(leave: () => void): Engine {
  const [engine, set] = useState<Engine>({ view: NOTHING, live: false, heardAt: null });
  useEffect(() => listen({
    snapshot: (snapshot) => set({ view: fromSnapshot(snapshot, performance.now()), live: true, heardAt: performance.now() }),
    change: (change) => set((now) => ({ view: changed(now.view, change, performance.now()), live: true, heardAt: performance.now() })),
    live: (live) => set((now) => (live ? { ...now, live, heardAt: performance.now() } : { ...now, live })),
    refused: () => void sessions.who().catch((why) => {
      if (why instanceof Refused && why.status === 401) leave();
    }),
  }), []);
  return engine;
}
