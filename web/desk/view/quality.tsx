import type { Quality } from '../quality';
import { useWords } from './words';

/** How the line is: a word, bars, and the figures for whoever asks. */
export function Line({ quality, short }: { quality: Quality | null; short: boolean }) {
  const words = useWords();
  if (!quality) return null;
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: 'percent', maximumFractionDigits: 1 });
  const round = quality.roundTripMs === null ? '' : `, ${words.roundTrip} ${Math.round(quality.roundTripMs)} ${words.ms}`;
  return (
    <p class={`quality ${quality.grade}`} data-received={quality.received} data-sent={quality.sent}>
      <span class="bars" aria-hidden="true"><i /><i /><i /></span>
      <span>{words.quality}: {words.grades[quality.grade]}</span>
      <small class={short ? 'unseen' : ''}>{words.loss} {percent.format(quality.loss)}, {words.jitter} {Math.round(quality.jitterMs)} {words.ms}{round}</small>
    </p>
  );
}
