// What a supervisor may do at the board, as the engine is asked for it. Each act has its reason.
import { ask, query, route, type Supervision } from '../shared/api';

export const acts = {
  move: (call: string, queue: string, reason: string) => ask('POST', route`calls/${call}/move`, { queue, reason }),
  raise: (call: string, to: string, reason: string) => ask('POST', route`calls/${call}/raise`, { class: to, reason }),
  hangUp: (call: string, reason: string) => ask('DELETE', query(route`calls/${call}`, { reason })),
  supervise: (call: string, mode: Supervision, phone: string, reason: string) => ask('POST', `${route`calls/${call}/`}${mode}`, { phone, reason }),
  stopListening: (call: string, reason: string) => ask('DELETE', query(route`calls/${call}/listen`, { reason })),
  /** `kind` is that of the break; `note` is why the supervisor does it. */
  setOperator: (id: string, state: string, note: string, kind?: string) => ask('PUT', route`operators/${id}`, { state, note, ...(kind ? { reason: kind } : {}) }),
  endWrapUp: (id: string, reason: string) => ask('POST', route`operators/${id}/end-wrap-up`, { reason }),
  close: (queue: string, closed: boolean, until: string | null, reason: string) => ask('PUT', route`queues/${queue}`, { closed, until, reason }),
  announce: (say: string[], until: string, reason: string) => ask('PUT', 'announcement', { say, until, reason }),
  endAnnouncement: (reason: string) => ask('DELETE', query('announcement', { reason })),
  reload: (reason: string) => ask('POST', 'flows/reload', { reason }),
};

/** `datetime-local` of a form, with the offset of this place; null when it is empty. */
export function whenOf(field: string | undefined): string | null {
  if (!field) return null;
  const when = new Date(field);
  return Number.isNaN(when.getTime()) ? null : when.toISOString();
}
