// What a supervisor may do at the board, as the engine is asked for it. Each act has its reason.
import { ask, query, route, type Supervision } from '../shared/api';

export const acts = {
  move: (call: string, queue: string, reason: string) => ask('POST', route`calls/${call}/move`, { queue, reason }),
  raise: (call: string, to: string, reason: string) => ask('POST', route`calls/${call}/raise`, { class: to, reason }),
  hangUp: (call: string, reason: string) => ask('DELETE', query(route`calls/${call}`, { reason })),
  supervise: (call: string, mode: Supervision, phone: string, reason: string) => ask('POST', `${route`calls/${call}/`}${mode}`, { phone, reason }),
  stopListening: (call: string) => ask('DELETE', route`calls/${call}/listen`),
  /** `why` is the kind of break; the reason is the supervisor's. */
  setOperator: (id: string, state: string, reason: string, note?: string) => ask('PUT', route`operators/${id}`, { state, reason, ...(note ? { note } : {}) }),
  endWrapUp: (id: string) => ask('POST', route`operators/${id}/end-wrap-up`),
  close: (queue: string, closed: boolean, until: string | null, reason: string) => ask('PUT', route`queues/${queue}`, { closed, until, reason }),
  announce: (say: string[], until: string, reason: string) => ask('PUT', 'announcement', { say, until, reason }),
  endAnnouncement: (reason: string) => ask('DELETE', query('announcement', { reason })),
  reload: (reason: string) => ask('POST', 'flows/reload', { reason }),
};

/** Asked of the engine before the buttons are shown: an older one has fewer. */
export const ROUTES = ['calls/-/move', 'calls/-/raise', 'calls/-/listen', 'operators/-/end-wrap-up', 'PUT queues/-', 'announcement', 'flows/reload'] as const;

/** `datetime-local` of a form, with the offset of this place; null when it is empty. */
export function whenOf(field: string | undefined): string | null {
  if (!field) return null;
  const when = new Date(field);
  return Number.isNaN(when.getTime()) ? null : when.toISOString();
}
