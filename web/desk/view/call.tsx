import { clock } from '../../shared/clock';
import type { Desk } from '../desk';
import { KEYS } from '../keys';
import type { Call, State } from '../state';
import { Button } from '../../shared/ui/button';
import { Icon } from '../../shared/ui/icon';
import { Keypad } from './keypad';
import { useNow } from '../../shared/ui/now';
import { Path } from './path';
import { Line } from './quality';
import { useWords } from './words';

interface Props { desk: Desk; state: State; keypad: boolean; onKeypad: () => void }

/** The middle of the desk: the caller who rings or talks, the one who just left, or nobody. */
export function CallCard({ desk, state, keypad, onKeypad }: Props) {
  const words = useWords();
  const { call } = state;
  if (!call) return <Nobody desk={desk} state={state} />;
  const phase = call.phase === 'talking' && call.held ? 'held' : call.phase;
  return (
    <section class={`card call ${phase} ${call.class}`} aria-labelledby="call-title">
      <header>
        <h2 id="call-title" class="caption">
          <span role="status">{words.phases[phase]}{call.ending && <> · {words.endings[call.ending]}</>}</span>
        </h2>
        {call.phase === 'talking' && !call.held && <Line quality={state.quality} />}
      </header>
      <div class="who">
        <p class="number">{call.caller === undefined ? words.unknownCaller : call.caller || words.withheld}</p>
        <span class={`chip ${call.class}`}>{words.classes[call.class] ?? call.class}</span>
        <Time call={call} />
      </div>
      <dl class="facts">
        {call.queue && <div><dt>{words.queue}</dt><dd>{call.queue}</dd></div>}
        {call.waitedS !== null && <div><dt>{words.waited}</dt><dd>{clock(call.waitedS * 1000)}</dd></div>}
        {call.id && state.calls[call.id] && <div><dt>{words.line}</dt><dd>{state.calls[call.id]?.line}</dd></div>}
        {call.id && <div><dt>{words.inCall}</dt><dd class="id">{call.id}</dd></div>}
      </dl>
      <Path story={state.story} />
      <span class="gap" />
      {call.muted && call.phase === 'talking' && !call.held && <p class="note"><Icon name="micOff" />{words.muted}</p>}
      {call.held && <p class="note"><Icon name="pause" />{words.onHold}</p>}
      {call.pressed && call.phase === 'talking' && <p class="pressed">{words.pressed}: <b>{call.pressed}</b></p>}
      {call.phase === 'talking' && keypad && <Keypad onTone={(tone) => desk.act({ do: 'tone', tone })} />}
      <Controls desk={desk} call={call} keypad={keypad} onKeypad={onKeypad} />
    </section>
  );
}

function Nobody({ desk, state }: { desk: Desk; state: State }) {
  const words = useWords();
  if (state.microphone !== 'on') return <MicrophoneFirst desk={desk} state={state} />;
  const is = state.operator?.state;
  const which = is === 'paused' || is === 'offline' || is === 'wrap_up' ? is : 'ready';
  return (
    <section class="card call nobody" aria-label={words.call}>
      <Icon name={which === 'paused' ? 'cup' : 'headset'} size={56} />
      <h2>{words.idle[which]}</h2>
      <p class="muted">{words.idleWhy[which]}</p>
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

function Controls({ desk, call, keypad, onKeypad }: { desk: Desk; call: Call; keypad: boolean; onKeypad: () => void }) {
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
        <Button look="tool" icon="keypad" keys={KEYS.keypad} expanded={keypad} onPress={onKeypad}>{words.keypad}</Button>
        <Button look="bad" icon="hangUp" keys={KEYS.hang_up} disabled={call.hangingUp} onPress={act('hang_up')}>
          {call.hangingUp ? words.hangingUp : words.hangUp}
        </Button>
      </div>
    );
  }
}
