import { useEffect, useRef, useState } from 'preact/hooks';
import type { Desk } from '../desk';
import { canChooseSpeaker, list, onChange, type Device, type Devices } from '../devices';
import { KEYS } from '../keys';
import type { State } from '../state';
import { Button } from '../../shared/ui/button';
import { Icon } from '../../shared/ui/icon';
import { useWords } from './words';

/** The headset: what speaks, what sounds, and how loud. */
export function SoundCard({ desk, state }: { desk: Desk; state: State }) {
  const words = useWords();
  const [devices, set] = useState<Devices>({ microphones: [], speakers: [] });
  useEffect(() => { void list().then(set); }, [state.microphone]);
  useEffect(() => onChange(() => void list().then(set)), []);
  const { kept } = desk;
  return (
    <section class="card sound" aria-labelledby="sound-title">
      <h2 id="sound-title" class="caption">{words.sound}<kbd aria-hidden="true">{KEYS.sound}</kbd></h2>
      <Choice id="microphone" label={words.microphone} devices={devices.microphones} chosen={kept.microphone}
        onChoose={(microphone) => desk.change({ microphone })} />
      <Level desk={desk} silent={state.call?.phase === 'talking' && state.call.muted} />
      {canChooseSpeaker
        ? <Choice id="speaker" label={words.speaker} devices={devices.speakers} chosen={kept.speaker} onChoose={(speaker) => desk.change({ speaker })} />
        : <p class="muted">{words.speaker}: {words.speakerFixed}</p>}
      <label class="field">
        <span>{words.ringVolume}</span>
        <span class="row">
          <input type="range" min="0.1" max="1" step="0.1" value={kept.ringVolume}
            onInput={(event) => desk.change({ ringVolume: Number(event.currentTarget.value) })} />
          <Button icon="speaker" onPress={() => desk.sound.ring.beep()}>{words.test}</Button>
        </span>
      </label>
      <Switch label={words.autoAnswer} hint={words.autoAnswerWhy} on={kept.autoAnswer} onChange={(autoAnswer) => desk.change({ autoAnswer })} />
      <Notifications />
    </section>
  );
}

interface ChoiceProps { id: string; label: string; devices: Device[]; chosen: string; onChoose: (id: string) => void }

function Choice({ id, label, devices, chosen, onChoose }: ChoiceProps) {
  const words = useWords();
  return (
    <label class="field" for={id}>
      <span>{label}</span>
      <select id={id} value={devices.some((device) => device.id === chosen) ? chosen : ''} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">{words.systemDefault}</option>
        {devices.map((device, at) => <option key={device.id} value={device.id}>{device.name || `${label} ${at + 1}`}</option>)}
      </select>
    </label>
  );
}

/** Moves sixty times a second: past Preact, straight to the element. */
function Level({ desk, silent }: { desk: Desk; silent: boolean }) {
  const words = useWords();
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    let frame = 0;
    const draw = (): void => {
      if (meter.current) meter.current.value = silent ? 0 : desk.sound.meter.level();
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [desk, silent]);
  return (
    <p class="level">
      <Icon name={silent ? 'micOff' : 'mic'} size={18} />
      <meter ref={meter} min={0} max={1} low={0.05} aria-label={`${words.microphone}: ${words.level}`} />
    </p>
  );
}

export function Switch({ label, hint, on, onChange }: { label: string; hint?: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}{hint && <small>{hint}</small>}</span>
    </label>
  );
}

function Notifications() {
  const words = useWords();
  const known = 'Notification' in window;
  const [is, set] = useState(known ? Notification.permission : 'denied');
  if (is !== 'default') return null;
  return <Button onPress={() => void Notification.requestPermission().then(set)}>{words.notify}</Button>;
}
