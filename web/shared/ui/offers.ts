import { useEffect, useState } from 'preact/hooks';
import { address } from '../api';

/** Asked once for each path and page. */
const known = new Map<string, Promise<boolean>>();

/**
 * Whether this engine has a route, written `path` or `PUT path`: an older one has not, and its page shows no button for it.
 * Nothing is done by asking: the answer is 404, or 405 with the methods that there are.
 */
function has(route: string): Promise<boolean> {
  const before = known.get(route);
  if (before) return before;
  const [path = '', method] = route.split(' ').reverse();
  const asking = fetch(address(path), { method: 'OPTIONS' }).then(
    ({ status, headers }) => status !== 404 && (!method || (headers.get('Allow') ?? '').includes(method)),
    () => true,
  );
  known.set(route, asking);
  return asking;
}

/** Which of these routes the engine has; none until it has said so. */
export function useOffers(routes: readonly string[]): ReadonlySet<string> {
  const [offers, set] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    void Promise.all(routes.map(async (route) => ((await has(route)) ? [route] : []))).then((found) => set(new Set(found.flat())));
  }, [routes.join(' ')]);
  return offers;
}
