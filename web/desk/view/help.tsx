import { useEffect, useRef } from 'preact/hooks';
import type { Desk } from '../desk';
import { KEYS } from '../keys';
import { Button } from '../../shared/ui/button';
import { Switch } from './sound';
import { useWords } from './words';

/** The keys, and the switch for those whose speech software types them. */
export function Help({ desk, onClose }: { desk: Desk; onClose: () => void }) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const rows: [string, string][] = [
    [KEYS.answer, words.answer], [KEYS.hang_up, `${words.hangUp} / ${words.reject}`], [KEYS.mute, words.mute], [KEYS.hold, words.hold],
    [KEYS.keypad, words.keypad], [KEYS.transfer, words.transfer], [KEYS.note, words.note], [KEYS.record, `${words.recording.on}: ${words.pauseRecording} / ${words.resumeRecording}`], [KEYS.call_out, words.callOut], [words.keyTones, words.tones], [KEYS.ready, `${words.ready} / ${words.endWrapUp}`], [KEYS.pause, words.takeBreak],
    [KEYS.sound, words.sound], [KEYS.help, words.help], ['Esc', words.closeIt],
  ];
  return (
    <dialog ref={dialog} class="card help" onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">{words.keys}</h2>
      <dl>{rows.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}</dl>
      <Switch label={words.keysOn} on={desk.kept.keys} onChange={(keys) => desk.change({ keys })} />
      <Button look="main" onPress={() => dialog.current?.close()}>{words.closeIt}</Button>
    </dialog>
  );
}
