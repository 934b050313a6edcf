// What the desk asks of the engine.
import { ask, route, sessions, type CallEvent, type OperatorView } from '../shared/api';

export interface Credential { user: string; password: string; expires_s: number; uri: string; ws: string }

/** What an operator may know of his caller. Answers of secret steps are never in it. */
export interface Card {
  call: string;
  number: string;
  class: string;
  name: string | null;
  email: string | null;
  line: string;
  queue: string | null;
  waited_ms: number | null;
  /** `says` by language; empty where nothing is heard. */
  path: { step: string; label: string; says: Partial<Record<'ru' | 'en', string>> }[];
  answers: Record<string, string>;
  earlier: { id: string; started_at: string; result: string | null; operator: string | null; note: string | null; disposition: string | null }[];
  tickets: { id: string; status: string; topic: string; at: string }[];
  disposition: string | null;
  note: string | null;
}

export type Target = { operator: string } | { queue: string } | { number: string };

export const api = {
  ...sessions,
  operator: (id: string) => ask<OperatorView>('GET', route`operators/${id}`),
  operators: () => ask<OperatorView[]>('GET', 'operators'),
  credential: (id: string) => ask<Credential>('POST', route`operators/${id}/credential`),
  setReady: (id: string) => ask<OperatorView>('PUT', route`operators/${id}`, { state: 'ready' }),
  setPaused: (id: string, reason: string) => ask<OperatorView>('PUT', route`operators/${id}`, { state: 'paused', reason }),
  story: (id: string) => ask<{ events: CallEvent[] }>('GET', route`calls/${id}`),
  card: (id: string) => ask<Card>('GET', route`calls/${id}/card`),
  dispositions: () => ask<string[] | { dispositions: string[] }>('GET', 'dispositions'),
  note: (id: string, note: { disposition: string | null; note: string }) => ask<null>('PUT', route`calls/${id}/note`, note),
  transfer: (id: string, to: Target, mode: 'blind' | 'attended') => ask<unknown>('POST', route`calls/${id}/transfer`, { to, mode }),
  completeTransfer: (id: string) => ask<unknown>('POST', route`calls/${id}/transfer/complete`),
  backToCaller: (id: string) => ask<unknown>('DELETE', route`calls/${id}/transfer`),
  pauseRecording: (id: string, paused: boolean) => ask<unknown>('POST', route`calls/${id}/recording`, { paused }),
  callOut: (operator: string, to: string, ticket: number | null) =>
    ask<{ id: string }>('POST', route`operators/${operator}/calls`, { to, ticket }),
};
