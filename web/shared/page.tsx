// The frame of every page but the desk: who is signed in, the bar, the language; then the page itself.
import { render, type ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Refused, sessions, type Person, type Role } from './api';
import { keepLook, recallLook, wear, type Language, type Look } from './look';
import './base.css';
import { Bar, PAGES, type PageName } from './ui/bar';
import { SignIn } from './ui/sign_in';
import { COMMON, Tongue } from './words';

const ASK_AGAIN_MS = 2000;

export interface ViewProps { person: Person; leave: () => void }

interface Plan {
  name: PageName | null;
  title: Record<Language, string>;
  /** Who may see it; the engine asks again at each route. */
  roles: Role[];
  view: ComponentType<ViewProps>;
  /** Without the bar, for a wall. */
  bare?: boolean;
}

export function startPage(plan: Plan): void {
  const place = document.getElementById('page');
  if (place) render(<Page plan={plan} />, place);
}

/** `undefined` while it is being found out; `null`: nobody. */
function useSession(): [Person | null | undefined, (person: Person | null) => void] {
  const [person, set] = useState<Person | null>();
  useEffect(() => {
    if (person !== undefined) return;
    let timer = 0;
    const look = (): void => void sessions.who().then(set, (why) => {
      if (why instanceof Refused && (why.status === 401 || why.status === 403)) set(null);
      else timer = window.setTimeout(look, ASK_AGAIN_MS);
    });
    look();
    return () => clearTimeout(timer);
  }, [person]);
  return [person, set];
}

function Page({ plan }: { plan: Plan }) {
  const [person, welcome] = useSession();
  const [look, setLook] = useState(recallLook);
  const words = COMMON[look.language];
  useEffect(() => {
    wear(look);
    document.title = `${plan.title[look.language]} · Hotline`;
  });
  const change = (some: Partial<Look>): void => {
    keepLook({ ...recallLook(), ...some });
    setLook({ ...look, ...some });
  };
  const signOut = (): void => void sessions.signOut().catch(() => {}).then(() => welcome(null));
  const View = plan.view;
  return (
    <Tongue.Provider value={look.language}>
      <a class="skip" href="#main">{words.skip}</a>
      {plan.bare && person && <header class="unseen"><h1>{plan.title[look.language]} · Hotline</h1></header>}
      {!(plan.bare && person) && <Bar here={plan.name} person={person ?? null} look={look} onLook={change} onSignOut={signOut} />}
      {person === undefined ? <main id="main" class="alone"><p role="status">{words.loading}</p></main>
        : person === null ? <SignIn welcome={welcome} />
          : plan.roles.includes(person.role) ? <View person={person} leave={() => welcome(null)} />
            : <NotYours person={person} />}
    </Tongue.Provider>
  );
}

function NotYours({ person }: { person: Person }) {
  const words = COMMON[document.documentElement.lang === 'ru' ? 'ru' : 'en'];
  return (
    <main id="main" class="alone">
      <section class="card notice">
        <h2>{words.notYours}</h2>
        <p>{words.notYoursWhy(words.roles[person.role] ?? person.role)}</p>
        <a class="button main" href={`/${PAGES[person.role][0]}`}>{words.toYours}</a>
      </section>
    </main>
  );
}
