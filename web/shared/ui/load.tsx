import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Refused, ask } from '../api';
import { useCommon } from '../words';
import { Button } from './button';
import { faultOf } from './dialog';

export interface Loaded<T> {
  /** Undefined until it has come. */
  data: T | undefined;
  fault: unknown;
  /** This engine has no such route, or no such thing. */
  absent: boolean;
  again: () => void;
}

/** Asks for a path, again when it changes; each `everyMs`, where given. Null asks for nothing. */
export function useLoad<T>(path: string | null, everyMs?: number): Loaded<T> {
  const [state, set] = useState<{ data: T | undefined; fault: unknown }>({ data: undefined, fault: null });
  const asked = useRef(0);
  const load = useCallback(async () => {
    if (path === null) return;
    const mine = ++asked.current;
    const keep = (next: { data: T | undefined; fault: unknown }): void => { if (mine === asked.current) set(next); };
    try {
      keep({ data: await ask<T>('GET', path), fault: null });
    } catch (fault) {
      set((now) => (mine === asked.current ? { data: now.data, fault } : now));
    }
  }, [path]);
  useEffect(() => {
    set({ data: undefined, fault: null });
    void load();
    const timer = everyMs ? setInterval(() => void load(), everyMs) : 0;
    return () => { clearInterval(timer); asked.current += 1; };
  }, [load, everyMs]);
  const absent = state.fault instanceof Refused && state.fault.status === 404;
  return { ...state, absent, again: () => void load() };
}

/** What is loading, refused, empty, or here. */
export function Show<T>({ of, empty, children }: { of: Loaded<T>; empty?: (data: T) => boolean; children: (data: T) => ComponentChildren }) {
  const words = useCommon();
  if (of.data !== undefined) return <>{empty?.(of.data) ? <p class="muted empty">{words.nothing}</p> : children(of.data)}</>;
  if (of.absent) return <p class="muted empty">{words.notFound}</p>;
  if (of.fault) {
    return <p class="row empty" role="alert"><span class="fault">{words.failed} {faultOf(of.fault, words.faults)}</span><Button onPress={of.again}>{words.again}</Button></p>;
  }
  return <p class="muted empty" role="status">{words.loading}</p>;
}
