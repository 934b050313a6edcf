import { useWords } from './words';

const TONES = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

export function Keypad({ onTone }: { onTone: (tone: string) => void }) {
  const words = useWords();
  return (
    <div class="keypad" role="group" aria-label={words.keypad}>
      {TONES.map((tone) => (
        <button type="button" class="button quiet" key={tone} onClick={() => onTone(tone)} aria-keyshortcuts={tone}>{tone}</button>
      ))}
    </div>
  );
}
