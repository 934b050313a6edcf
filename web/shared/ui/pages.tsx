import { useEffect, useState } from 'preact/hooks';
import { ask, query } from '../api';
import { useCommon } from '../words';
import { Button } from './button';
import { useLoad, type Loaded } from './load';

interface Page { next?: string | null }
type Values = Record<string, string | number | null | undefined>;

/** A list that comes in pages: the first by itself, the next when asked for. `items` finds them in an answer. */
export function useList<T>(path: string | null, values: Values, items: (answer: never) => T[]): { first: Loaded<unknown>; rows: T[]; more: (() => void) | null } {
  const asked = path === null ? null : query(path, values);
  const first = useLoad<Page>(asked);
  const [later, setLater] = useState<{ rows: T[]; next: string | null } | null>(null);
  useEffect(() => setLater(null), [asked, first.data]);
  const next = later ? later.next : first.data?.next ?? null;
  const rows = first.data === undefined ? [] : [...items(first.data as never), ...(later?.rows ?? [])];
  const more = (): void => void ask<Page>('GET', query(path ?? '', { ...values, cursor: next }))
    .then((page) => setLater((now) => ({ rows: [...(now?.rows ?? []), ...items(page as never)], next: page.next ?? null })), () => first.again());
  return { first, rows, more: next ? more : null };
}

export function More({ more }: { more: (() => void) | null }) {
  const words = useCommon();
  return more && <p class="row empty"><Button onPress={more}>{words.more}</Button></p>;
}

/** Lists come bare or under their name. */
export const listed = <T,>(name: string) => (answer: never): T[] => {
  const found: unknown = Array.isArray(answer) ? answer : (answer as Record<string, unknown> | null)?.[name];
  return Array.isArray(found) ? found as T[] : [];
};
