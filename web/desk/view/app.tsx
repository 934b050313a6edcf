import { useEffect, useState } from 'preact/hooks';
import { wear } from '../../shared/look';
import { Bar } from '../../shared/ui/bar';
import { Button } from '../../shared/ui/button';
import { SignIn } from '../../shared/ui/sign_in';
import { Tongue, useCommon } from '../../shared/words';
import type { Desk } from '../desk';
import { intent } from '../keys';
import type { State } from '../state';
import { WORDS } from '../words';
import { CallCard } from './call';
import { CallOut } from './call_out';
import { Help } from './help';
import { Queues } from './queues';
import { SoundCard } from './sound';
import { StateCard } from './status';
import { useWords } from './words';

export type Panel = 'keypad' | 'transfer' | 'breaks' | 'help' | 'call_out';
const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=range]), textarea, select';

export function App({ desk }: { desk: Desk }) {
  const [state, set] = useState(desk.store.state);
  const [open, setOpen] = useState<Panel | null>(new URLSearchParams(location.search).has('to') ? 'call_out' : null);
  const [, again] = useState(0);
  const { language, theme } = desk.kept;
  const words = WORDS[language];

  useEffect(() => desk.store.watch((next) => { set(next); again((n) => n + 1); }), [desk]);
  useEffect(() => {
    wear({ language, theme });
    const who = state.call?.phase === 'ringing' ? words.ringTitle(state.call.caller || words.unknownCaller) : words.title;
    document.title = `${who} · Hotline`;
  });
  useEffect(() => {
    const toggle = (name: NonNullable<typeof open>): void => setOpen((now) => (now === name ? null : name));
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.matches(TEXT_FIELDS);
      const what = intent({
        code: event.code, key: event.key, modified: event.ctrlKey || event.altKey || event.metaKey, repeated: event.repeat, typing,
      }, desk.store.state);
      if (!what || (!desk.kept.keys && what.do !== 'close')) return;
      if (what.do === 'close') return setOpen(null);
      event.preventDefault();
      if (what.do === 'keypad' || what.do === 'transfer' || what.do === 'call_out') toggle(what.do);
      else if (what.do === 'note') document.getElementById('note')?.focus();
      else if (what.do === 'pause') toggle('breaks');
      else if (what.do === 'help') toggle('help');
      else if (what.do === 'sound') document.getElementById('microphone')?.focus();
      else desk.act(what);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [desk]);

  return (
    <Tongue.Provider value={language}>
      <Bar here="desk" person={state.person} name={state.operator?.name} look={desk.kept} onLook={(look) => desk.change(look)}
        onSignOut={() => void desk.signOut()}
        tools={state.screen === 'desk' && <Button onPress={() => setOpen(open === 'help' ? null : 'help')} keys="?">{words.keys}</Button>}>
        {state.screen === 'desk' && <p class={`line ${state.line}`} role="status"><i aria-hidden="true" />{words.lines[state.line]}</p>}
      </Bar>
      <Screen desk={desk} state={state} open={open} setOpen={setOpen} />
      {open === 'help' && <Help desk={desk} onClose={() => setOpen(null)} />}
    </Tongue.Provider>
  );
}

interface ScreenProps { desk: Desk; state: State; open: Panel | null; setOpen: (name: Panel | null) => void }

function Screen({ desk, state, open, setOpen }: ScreenProps) {
  const words = useWords();
  const common = useCommon();
  switch (state.screen) {
    case 'loading': return <main id="main" class="alone"><p role="status">{common.loading}</p></main>;
    case 'sign_in': return <SignIn welcome={(person) => desk.welcome(person)} />;
    case 'no_operator': return (
      <main id="main" class="alone">
        <section class="card notice">
          <h2>{words.noOperator(state.person?.user ?? '')}</h2>
          <p>{words.noOperatorWhy}</p>
          <p class="row"><a class="button main" href="/board">{words.board}</a><Button onPress={() => void desk.signOut()}>{common.signOut}</Button></p>
        </section>
      </main>
    );
    case 'elsewhere': return (
      <main id="main" class="alone">
        <section class="card notice">
          <h2>{words.elsewhere}</h2>
          <p>{words.elsewhereWhy}</p>
          <Button look="main" onPress={() => desk.useThisWindow()}>{words.useHere}</Button>
        </section>
      </main>
    );
    case 'desk': return (
      <>
        <Banners state={state} />
        <main id="main" class="desk">
          <div class="column">
            <StateCard desk={desk} state={state} open={open === 'breaks'} onOpen={(is) => setOpen(is ? 'breaks' : null)} />
            <Queues state={state} />
          </div>
          <CallCard desk={desk} state={state} open={open} onOpen={(panel) => setOpen(open === panel ? null : panel)} />
          <SoundCard desk={desk} state={state} />
        </main>
        {open === 'call_out' && <CallOut desk={desk} state={state} onClose={() => setOpen(null)} />}
      </>
    );
  }
}

/** What is wrong now, most urgent first; told to those who cannot see it too. */
function Banners({ state }: { state: State }) {
  const words = useWords();
  const common = useCommon();
  const lost = state.line === 'lost';
  const texts = [
    lost && (state.call?.phase === 'talking' ? words.lostTalking : words.lost),
    !lost && !state.live && state.line === 'up' && words.stale,
    state.fault && (words.faults[state.fault] ?? common.faults[state.fault] ?? (state.fault.includes(' ') ? state.fault : common.faults['other'])),
    state.draining && words.draining,
  ].filter((text): text is string => typeof text === 'string');
  return (
    <div role="alert" class="banners">
      {texts.map((text) => <p class={`banner ${lost || state.fault ? 'alarm' : ''}`} key={text}>{text}</p>)}
    </div>
  );
}
