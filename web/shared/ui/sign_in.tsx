import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused, sessions, type Person } from '../api';
import { useCommon } from '../words';

/** Signing in; the same card asks for a new password when the present one was given by somebody else. */
export function SignIn({ welcome }: { welcome: (person: Person) => void }) {
  const words = useCommon();
  const [given, setGiven] = useState<{ user: string; password: string } | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(false);

  const send = async (form: HTMLFormElement): Promise<void> => {
    const field = (name: string): string => String(new FormData(form).get(name) ?? '');
    setFault(null);
    if ([...new FormData(form).values()].some((value) => value === '')) return setFault('empty');
    if (given && field('next') !== field('again')) return setFault('differ');
    setWaiting(true);
    try {
      if (given) {
        welcome(await sessions.changePassword(given.user, given.password, field('next')));
      } else {
        welcome(await sessions.signIn(field('user').trim(), field('password')));
      }
    } catch (error) {
      if (error instanceof Refused && error.code === 'password-change-required' && !given) {
        setGiven({ user: field('user').trim(), password: field('password') });
        form.reset();
      } else {
        setFault(error instanceof Refused ? error.code : 'other');
      }
    } finally {
      setWaiting(false);
    }
  };

  return (
    <main id="main" class="alone">
      <form class="card sign" onSubmit={(event) => { event.preventDefault(); void send(event.currentTarget); }} key={given ? 'new' : 'in'}>
        <h2>{given ? words.passwordNew : words.signInTitle}</h2>
        {given ? (
          <>
            <p class="muted">{words.passwordGiven}</p>
            <Field name="next" label={words.passwordNew} type="password" complete="new-password" hint={words.passwordRule} first />
            <Field name="again" label={words.passwordAgain} type="password" complete="new-password" />
          </>
        ) : (
          <>
            <Field name="user" label={words.user} type="text" complete="username" first />
            <Field name="password" label={words.password} type="password" complete="current-password" />
          </>
        )}
        <p class="fault" role="alert">{fault && (words.faults[fault] ?? words.faults['other'])}</p>
        <button class="button main wide" disabled={waiting}><span>{given ? words.passwordDo : words.signIn}</span></button>
      </form>
    </main>
  );
}

interface FieldProps { name: string; label: string; type: string; complete: string; hint?: string; first?: boolean }

function Field({ name, label, type, complete, hint, first }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => { if (first) input.current?.focus(); }, [first]);
  return (
    <label class="field">
      <span>{label}</span>
      <input name={name} type={type} autocomplete={complete as 'username'} spellcheck={false} ref={input} />
      {hint && <small>{hint}</small>}
    </label>
  );
}
