// The engine's HTTP interface, as far as the desk asks it.

export interface Person { user: string; role: string }

export interface Credential { user: string; password: string; expires_s: number; uri: string; ws: string }

export interface OperatorView {
  id: string;
  name: string;
  state: OperatorState;
  reason: string | null;
  since_ms: number;
  queues: string[];
  call: string | null;
  /** A choice made during a call, waiting for its end. */
  next: string | null;
  /** What is left of the wrap-up; engines before it was added do not say. */
  left_ms?: number | null;
}

export type OperatorState =
  | 'offline' | 'ready' | 'claimed' | 'ringing' | 'talking' | 'wrap_up' | 'paused' | 'unreachable';

export interface CallView {
  id: string;
  line: string;
  /** Masked by the engine; empty when withheld. */
  caller: string;
  class: string;
  stage: string;
  queue: string | null;
  step: string;
  since_ms: number;
  operator: string | null;
}

export interface QueueView { name: string; waiting: Record<string, number>; longest_wait_s: number }

export interface CallEvent { at_ms: number; kind: string; detail: Record<string, string> }

/** A refusal, with the engine's own code for it (`wrong-password`, …); `unreached` when nobody answered. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/** A request that takes longer counts as unreached. */
const PATIENCE_MS = 8000;

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, 'unreached');
  }
  const json = answer.headers.get('Content-Type')?.includes('json') ? await answer.json().catch(() => null) : null;
  if (!answer.ok) throw new Refused(answer.status, json?.code ?? 'other');
  return json as T;
}

const operator = (id: string): string => `operators/${encodeURIComponent(id)}`;

export const api = {
  session: () => ask<Person>('GET', 'session'),
  signIn: (user: string, password: string) => ask<Person>('POST', 'login', { user, password }),
  changePassword: (user: string, password: string, new_password: string) =>
    ask<Person>('POST', 'password', { user, password, new_password }),
  signOut: () => ask<null>('POST', 'logout'),
  operator: (id: string) => ask<OperatorView>('GET', operator(id)),
  credential: (id: string) => ask<Credential>('POST', `${operator(id)}/credential`),
  setReady: (id: string) => ask<OperatorView>('PUT', operator(id), { state: 'ready' }),
  setPaused: (id: string, reason: string) => ask<OperatorView>('PUT', operator(id), { state: 'paused', reason }),
  story: (id: string) => ask<{ events: CallEvent[] }>('GET', `calls/${encodeURIComponent(id)}`),
};
