// The telephone's password: an hour's, asked of the API and renewed well before its end.
import { Refused } from '../shared/api';
import { api, type Credential } from './api';

/** Renewed after this part of its life. */
const RENEW_AT = 0.75;
const RETRY_MS = 5000;

export interface Renewal { stop(): void; again(): void }

/** Calls `use` with the first credential and with each new one; `refused` when this person may have none. */
export function renewing(id: string, use: (credential: Credential) => void, refused: (why: Refused) => void): Renewal {
  let timer = 0;
  let stopped = false;
  let asking = false;
  const later = (ms: number): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void renew(), ms);
  };
  const renew = async (): Promise<void> => {
    if (asking || stopped) return;
    asking = true;
    try {
      const credential = await api.credential(id);
      if (stopped) return;
      later(credential.expires_s * 1000 * RENEW_AT);
      use(credential);
    } catch (why) {
      if (stopped) return;
      if (why instanceof Refused && [401, 403, 404].includes(why.status)) refused(why);
      else later(RETRY_MS);
    } finally {
      asking = false;
    }
  };
  void renew();
  return {
    stop: () => { stopped = true; clearTimeout(timer); },
    /** It was not accepted: ask for another, after a moment. */
    again: () => later(RETRY_MS),
  };
}
