// The part of the address after a page's name: `/calls/038g…` is `['038g…']`. Links inside a page change it without loading it anew.
import { useEffect, useState } from 'preact/hooks';

const CHANGED = 'hotline-address';

const parts = (): string[] => location.pathname.split('/').slice(2).filter(Boolean).map(decodeURIComponent);

export function go(path: string): void {
  history.pushState(null, '', path);
  dispatchEvent(new Event(CHANGED));
  document.getElementById('main')?.scrollTo(0, 0);
}

export function useAddress(): string[] {
  const [now, set] = useState(parts);
  useEffect(() => {
    const follow = (): void => set(parts());
    addEventListener('popstate', follow);
    addEventListener(CHANGED, follow);
    return () => {
      removeEventListener('popstate', follow);
      removeEventListener(CHANGED, follow);
    };
  }, []);
  return now;
}

/** For `onClick` of a link to the same page; a new tab stays a new tab. */
export function stay(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.getAttribute('href') ?? location.pathname);
}
