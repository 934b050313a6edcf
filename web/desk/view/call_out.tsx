import { Act } from '../../shared/ui/dialog';
import type { Desk } from '../desk';
import type { State } from '../state';
import { useWords } from './words';

/** Calling an applicant: the number of the last caller is there already. */
export function CallOut({ desk, state, onClose }: { desk: Desk; state: State; onClose: () => void }) {
  const words = useWords();
  const asked = new URLSearchParams(location.search);
  return (
    <Act title={words.callOut} does={words.dial} why={words.callOutWhy} reason={false} onClose={onClose}
      act={({ to = '', ticket }) => desk.callOut(to, ticket ? Number(ticket) : null)}>
      <label class="field"><span>{words.toNumber}</span>
        <input name="to" type="tel" required placeholder="+7…" defaultValue={asked.get('to') ?? state.card?.number ?? ''} />
      </label>
      <label class="field"><span>{words.ticketNo}</span><input name="ticket" inputMode="numeric" pattern="[0-9]*" defaultValue={asked.get('ticket') ?? ''} /></label>
    </Act>
  );
}
