import { useEffect, useRef, useState } from 'preact/hooks';
import { address, route } from '../../shared/api';
import { clock } from '../../shared/clock';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { useLanguage } from '../../shared/words';
import { useWords } from '../words';
import type { Recording } from './call';

type Side = 'both' | 'left' | 'right';

/** A recording has the caller on the left and the operator on the right: one can be heard without the other. */
export function Player({ recording }: { recording: Recording }) {
  const [words, language] = [useWords(), useLanguage()];
  const audio = useRef<HTMLAudioElement>(null);
  const [side, setSide] = useState<Side>('both');
  const [at, setAt] = useState(0);
  const [total, setTotal] = useState((recording.duration_ms ?? 0) / 1000);
  const [playing, setPlaying] = useState(false);
  const sides = useRef<{ left: GainNode; right: GainNode; context: AudioContext } | null>(null);
  useEffect(() => () => void sides.current?.context.close(), []);
  useEffect(() => {
    if (!sides.current) return;
    sides.current.left.gain.value = side === 'right' ? 0 : 1;
    sides.current.right.gain.value = side === 'left' ? 0 : 1;
  }, [side, playing]);
  const toggle = (): void => {
    const { current } = audio;
    if (!current) return;
    if (!current.paused) return current.pause();
    sides.current ??= split(current);
    void sides.current.context.resume();
    void current.play();
  };
  const names: [Side, string][] = [['both', words.both], ['left', words.left], ['right', words.right]];
  return (
    <section class="card section player" aria-label={words.recordings}>
      <h2>{words.recordings} {recording.started_at && <small>{moment(recording.started_at, language)}</small>}</h2>
      <audio ref={audio} preload="metadata" src={address(route`recordings/${recording.name}/audio`)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)} onLoadedMetadata={(event) => setTotal(event.currentTarget.duration)}
        onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} />
      <div class="row">
        <Button icon={playing ? 'pause' : 'play'} look="main" onPress={toggle}>{playing ? words.pause : words.play}</Button>
        <input type="range" min={0} max={Math.max(1, total)} step={0.1} value={at} aria-label={words.position} aria-valuetext={clock(at * 1000)}
          onInput={(event) => { if (audio.current) audio.current.currentTime = Number(event.currentTarget.value); }} />
        <span class="mono">{clock(at * 1000)} / {clock(total * 1000)}</span>
        {recording.channels !== 1 && (
          <div class="languages" role="group" aria-label={words.recordings}>
            {names.map(([is, name]) => <button type="button" key={is} aria-pressed={side === is} onClick={() => setSide(is)}>{name}</button>)}
          </div>
        )}
      </div>
    </section>
  );
}

/** Each side has its own volume, and both are heard in both ears: nobody listens with one. */
function split(audio: HTMLAudioElement): { left: GainNode; right: GainNode; context: AudioContext } {
  const context = new AudioContext();
  const splitter = context.createChannelSplitter(2);
  const mix = new GainNode(context, { channelCount: 1, channelCountMode: 'explicit' });
  const [left, right] = [context.createGain(), context.createGain()];
  context.createMediaElementSource(audio).connect(splitter);
  splitter.connect(left, 0).connect(mix);
  splitter.connect(right, 1).connect(mix);
  mix.connect(context.destination);
  return { left, right, context };
}
