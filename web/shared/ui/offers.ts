import { useEffect, useState } from 'preact/hooks';
import { address } from '../api';

/** Asked once for each path and page. */
const known = new Map<string, Promise<boolean>>();

/** Whether this engine has a route: an older one answers 404 and its page shows no button for it. Nothing is done by asking. */
function has(path: string): Promise<boolean> {
  const before = known.get(path);
  if (before) return before;
  const asking = fetch(address(path), { method: 'OPTIONS' }).then(({ status }) => status !== 404, () => true);
  known.set(path, asking);
  return asking;
}

/** Which of these routes the engine has; none until it has said so. */
export function useOffers(paths: readonly string[]): ReadonlySet<string> {
  const [offers, set] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    void Promise.all(paths.map(async (path) => ((await has(path)) ? [path] : []))).then((found) => set(new Set(found.flat())));
  }, [paths.join(' ')]);
  return offers;
}
