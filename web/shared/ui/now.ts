import { useEffect, useState } from 'preact/hooks';

/** The time of `performance.now()`, fresh every half second. */
export function useNow(): number {
  const [now, set] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => set(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return Math.max(now, performance.now() - 500);
}
