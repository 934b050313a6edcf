// The engine's HTTP interface: how it is asked, and the shapes that more than one page reads.

export type Role = 'viewer' | 'operator' | 'supervisor' | 'admin' | 'api';

export interface Person { user: string; role: Role }

export type OperatorState =
  | 'offline' | 'ready' | 'claimed' | 'ringing' | 'talking' | 'wrap_up' | 'paused' | 'unreachable';

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
  /** What is left of the wrap-up; absent in every other state. */
  left_ms?: number | null;
}

export interface CallView {
  id: string;
  line: string;
  /** Masked by the engine; empty when withheld. */
  caller: string;
  class: string;
  /** `menu`, `waiting`, `ringing`, `talking`. */
  stage: string;
  queue: string | null;
  step: string;
  since_ms: number;
  operator: string | null;
  /** Who listens in, and how. */
  supervised?: { by: string; mode: Supervision } | null;
  recording?: 'on' | 'paused' | null;
  /** The caller is being handed on; `to` is an operator's id, null for a number. */
  transfer?: { to: string | null; stage: string } | null;
}

export type Supervision = 'listen' | 'whisper' | 'barge';

export interface QueueCounts {
  offered: number;
  answered: number;
  within_target: number;
  within_10s: number;
  abandoned: number;
  exited: number;
  left: number;
  moved: number;
}

export interface QueueView {
  name: string;
  pool: string;
  waiting: Record<string, number>;
  longest_wait_s: number;
  longest_by_class_s: Record<string, number>;
  /** Null while nothing was offered. */
  p10: number | null;
  service_level: number | null;
  expected_wait_s: number | null;
  reserve: number;
  /** Operators who are missing to keep the promise to Priority. */
  missing: number;
  reserve_cost_s: number;
  operators: { ready: number; talking: number; paused: number; other: number };
  counts: QueueCounts;
  closed?: { until: string | null; reason: string; by: string } | null;
}

export interface Alert { name: string; subject: string; since_at: string; text: string }

export interface Announcement { say: string[]; until: string; reason: string; by?: string }

export interface CallEvent { at_ms: number; kind: string; detail: Record<string, string> }

/** A step of a flow, as people know it: what is said there, by language. */
export interface StepText { name: string; kind: string; says: Partial<Record<'ru' | 'en', string>> }

/** A refusal, with the engine's own code for it (`wrong-password`, …) and its sentence; `unreached` when nobody answered. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly body: unknown;

  constructor(status: number, code: string, detail = '', body: unknown = null) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.body = body;
  }
}

/** A request that takes longer counts as unreached. */
const PATIENCE_MS = 8000;
const ROOT = '/api/v1';

/** Where a file of the API lies, for links and players. */
export const address = (path: string): string => `${ROOT}/${path}`;

/** `a/${part}` with what a path may not hold made safe. */
export function route(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((path, part, at) => path + encodeURIComponent(values[at - 1] ?? '') + part);
}

/** `path?…` without what is empty. */
export function query(path: string, values: Record<string, string | number | null | undefined>): string {
  const parts = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = parts.map(([key, value]) => `${key}=${encodeURIComponent(value as string)}`).join('&');
  return text ? `${path}?${text}` : path;
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address(path), {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        // Refusals and the checker's findings come in the language of the page.
        'Accept-Language': document.documentElement.lang,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, 'unreached');
  }
  const kind = answer.headers.get('Content-Type') ?? '';
  const content: unknown = kind.includes('json') ? await answer.json().catch(() => null) : await answer.text().catch(() => '');
  if (answer.ok) return content as T;
  const problem = (typeof content === 'object' ? content : null) as { code?: string; detail?: string } | null;
  throw new Refused(answer.status, problem?.code ?? 'other', problem?.detail ?? '', content);
}

export const sessions = {
  who: () => ask<Person>('GET', 'session'),
  signIn: (user: string, password: string) => ask<Person>('POST', 'login', { user, password }),
  changePassword: (user: string, password: string, new_password: string) =>
    ask<Person>('POST', 'password', { user, password, new_password }),
  signOut: () => ask<null>('POST', 'logout'),
};
