import { clock } from '../../shared/clock';
import { phone } from '../../shared/format';
import type { Desk } from '../desk';
import { KEYS } from '../keys';
import { handing, type Call, type State } from '../state';
import { Button } from '../../shared/ui/button';
import { Icon } from '../../shared/ui/icon';
import type { Panel } from './app';
import { Keypad } from './keypad';
import { Known } from './known';
import { Note } from './note';
import { useNow } from '../../shared/ui/now';
import { Path } from './path';
import { Line } from './quality';
import { Transfer } from './transfer';
import { useWords } from './words';

interface Props { desk: Desk; state: State; open: Panel | null; onOpen: (panel: Panel | null) => void }

/** The middle of the desk: the caller who rings or talks, the one who just left, or nobody. */
export function CallCard({ desk, state, open, onOpen }: Props) {
  const words = useWords();
  const { call, card } = state;
  if (!call) return <Nobody desk={desk} state={state} onCallOut={() => onOpen('call_out')} />;
  const recording = call.id ? state.calls[call.id]?.recording : null;
  const keypad = open === 'keypad';
  const phase = call.phase === 'talking' && call.held ? 'held' : call.phase;
  return (
    <section class={`card call ${phase} ${call.class}`} aria-labelledby="call-title">
      <header>
        <h2 id="call-title" class="caption">
          <span role="status">{call.out && phase !== 'over' && phase !== 'held' ? words.outgoing : words.phases[phase]}{call.ending && <> · {words.endings[call.ending]}</>}</span>
        </h2>
        {recording && call.phase === 'talking' && (
          <>
            <span class={`recording ${recording}`} role="status"><i aria-hidden="true" />{words.recording[recording]}</span>
            <Button keys={KEYS.record} onPress={() => desk.act({ do: 'record' })}>{recording === 'on' ? words.pauseRecording : words.resumeRecording}</Button>
          </>
        )}
        {call.phase === 'talking' && !call.held && <Line quality={state.quality} short={Boolean(recording)} />}
      </header>
      <div class="who">
        <p class="number">{card?.number ? phone(card.number) : call.caller === undefined ? words.unknownCaller : call.caller || words.withheld}</p>
        <span class={`chip ${call.class}`}>{words.classes[call.class] ?? call.class}</span>
        <Time call={call} />
      </div>
      <dl class="facts">
        {card?.name && <div><dt>{words.name}</dt><dd>{card.name}</dd></div>}
        {card?.email && <div><dt>{words.email}</dt><dd>{card.email}</dd></div>}
        {call.queue && <div><dt>{words.queue}</dt><dd>{call.queue}</dd></div>}
        {call.waitedS !== null && <div><dt>{words.waited}</dt><dd>{clock(call.waitedS * 1000)}</dd></div>}
        {call.id && state.calls[call.id] && <div><dt>{words.line}</dt><dd>{state.calls[call.id]?.line}</dd></div>}
        {call.id && <div><dt>{words.inCall}</dt><dd class="id">{call.id}</dd></div>}
      </dl>
      <Path story={state.story} said={card?.path ?? []} />
      {card && <Known card={card} />}
      {call.id && call.phase !== 'ringing' && <Note key={call.id} desk={desk} id={call.id} card={card} />}
      <span class="gap" />
      {call.muted && call.phase === 'talking' && !call.held && <p class="note"><Icon name="micOff" />{words.muted}</p>}
      {call.held && <p class="note"><Icon name="pause" />{words.onHold}</p>}
      {call.pressed && call.phase === 'talking' && <p class="pressed">{words.pressed}: <b>{call.pressed}</b></p>}
      {call.phase === 'talking' && keypad && <Keypad onTone={(tone) => desk.act({ do: 'tone', tone })} />}
      {call.phase === 'talking' && (open === 'transfer' || handing(state)) && <Transfer desk={desk} state={state} onClose={() => onOpen(null)} />}
      <Controls desk={desk} call={call} open={open} onOpen={onOpen} />
    </section>
  );
}

function Nobody({ desk, state, onCallOut }: { desk: Desk; state: State; onCallOut: () => void }) {
  const words = useWords();
  if (state.microphone !== 'on') return <MicrophoneFirst desk={desk} state={state} />;
  const is = state.operator?.state;
  const which = is === 'paused' || is === 'offline' || is === 'wrap_up' ? is : 'ready';
  return (
    <section class="card call nobody" aria-label={words.call}>
      <Icon name={which === 'paused' ? 'cup' : 'headset'} size={56} />
      <h2>{words.idle[which]}</h2>
      <p class="muted">{words.idleWhy[which]}</p>
      <Button icon="call" keys={KEYS.call_out} onPress={onCallOut}>{words.callOut}</Button>
    </section>
  );
}

function MicrophoneFirst({ desk, state }: { desk: Desk; state: State }) {
  const words = useWords();
  const secure = window.isSecureContext;
  return (
    <section class="card call nobody" aria-label={words.call}>
      <Icon name="mic" size={56} />
      <h2><span role="status">{words.microphones[state.microphone]}</span></h2>
      <p class="muted">{secure ? words.microphoneWhy : words.insecure}</p>
      {secure && state.microphone !== 'asking' && (
        <Button look="main" icon="mic" onPress={() => void desk.allowMicrophone()}>
          {state.microphone === 'missing' ? words.again : words.allow}
        </Button>
      )}
    </section>
  );
}

function Time({ call }: { call: Call }) {
  const now = useNow();
  const ms = call.phase === 'over' ? call.talkedMs : now - call.since;
  if (call.phase === 'over' && call.talkedMs === 0) return null;
  return <p class="time" role="timer">{clock(ms)}</p>;
}

interface ControlsProps { desk: Desk; call: Call; open: Panel | null; onOpen: (panel: Panel) => void }

function Controls({ desk, call, open, onOpen }: ControlsProps) {
  const words = useWords();
  const act = (what: 'answer' | 'reject' | 'hang_up' | 'mute' | 'hold') => () => desk.act({ do: what });
  switch (call.phase) {
    case 'over': return null;
    case 'ringing':
    case 'answering': return (
      <div class="controls">
        <Button look="good" icon="answer" keys={KEYS.answer} disabled={call.phase === 'answering'} onPress={act('answer')}>{words.answer}</Button>
        <Button look="quiet" icon="hangUp" keys={KEYS.reject} onPress={act('reject')}>{words.reject}</Button>
      </div>
    );
    case 'talking': return (
      <div class="controls">
        <Button look="tool" icon={call.muted ? 'micOff' : 'mic'} keys={KEYS.mute} on={call.muted} onPress={act('mute')}>
          {call.muted ? words.unmute : words.mute}
        </Button>
        <Button look="tool" icon={call.held ? 'play' : 'pause'} keys={KEYS.hold} on={call.held} disabled={call.holding} onPress={act('hold')}>
          {call.held ? words.resume : words.hold}
        </Button>
        <Button look="tool" icon="keypad" keys={KEYS.keypad} expanded={open === 'keypad'} onPress={() => onOpen('keypad')}>{words.keypad}</Button>
        <Button look="tool" icon="transfer" keys={KEYS.transfer} expanded={open === 'transfer'} onPress={() => onOpen('transfer')}>{words.transfer}</Button>
        <Button look="bad" icon="hangUp" keys={KEYS.hang_up} disabled={call.hangingUp} onPress={act('hang_up')}>
          {call.hangingUp ? words.hangingUp : words.hangUp}
        </Button>
      </div>
    );
  }
}
