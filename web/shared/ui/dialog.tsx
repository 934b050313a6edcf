import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused } from '../api';
import { useCommon } from '../words';
import { Button } from './button';

/** The browser's own dialog: it holds the focus, and Escape closes it. */
export function Dialog({ title, onClose, wide, children }: { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class={`card dialog ${wide ? 'wide' : ''}`} onClose={onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

/** What a refused act has to say: the engine's sentence where it has one. */
export function faultOf(why: unknown, faults: Record<string, string>): string {
  if (!(why instanceof Refused)) return faults['other'] ?? '';
  const known = faults[why.code];
  return why.detail && (!known || why.code === 'unusable') ? why.detail : known ?? faults['other'] ?? '';
}

export type Fields = Record<string, string>;

interface ActProps {
  title: string;
  /** What will happen, in a sentence. */
  why?: string;
  does: string;
  bad?: boolean;
  /** Asked for and sent with the others as `reason`. */
  reason?: boolean;
  act: (fields: Fields) => Promise<unknown>;
  onClose: () => void;
  children?: ComponentChildren;
}

/** A form in a dialog that does one thing; it stays open, and says why, when the engine refuses. */
export function Act({ title, why, does, bad, reason = true, act, onClose, children }: ActProps) {
  const words = useCommon();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const send = async (form: HTMLFormElement): Promise<void> => {
    const fields = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()]));
    if (reason && !fields['reason']) return setFault(words.faults['empty'] ?? '');
    setBusy(true);
    try {
      await act(fields);
      onClose();
    } catch (error) {
      setFault(faultOf(error, words.faults));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void send(event.currentTarget); }}>
        {why && <p class="muted">{why}</p>}
        {children}
        {reason && (
          <label class="field">
            <span>{words.reason}</span>
            <input name="reason" maxLength={200} required autocomplete="off" />
            <small>{words.reasonWhy}</small>
          </label>
        )}
        <p class="fault" role="alert">{fault}</p>
        <p class="row end">
          <Button onPress={onClose}>{words.cancel}</Button>
          <button class={`button ${bad ? 'bad' : 'main'}`} disabled={busy}><span>{does}</span></button>
        </p>
      </form>
    </Dialog>
  );
}
