// What this browser remembers for its operator: how pages look, devices, habits. Without storage: for this visit only.
import { keepLook, recallLook, type Look } from '../shared/look';

export interface Kept extends Look {
  microphone: string;
  speaker: string;
  /** 0 to 1. */
  ringVolume: number;
  autoAnswer: boolean;
  keys: boolean;
}

const KEY = 'hotline-desk';
const FIRST = { microphone: '', speaker: '', ringVolume: 0.6, autoAnswer: false, keys: true };

export function recall(): Kept {
  const kept = { ...FIRST };
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    for (const [key, value] of Object.entries(found ?? {})) {
      if (key in kept && typeof value === typeof kept[key as keyof typeof kept]) Object.assign(kept, { [key]: value });
    }
  } catch { /* storage is off, or what it holds is not ours */ }
  return { ...kept, ...recallLook() };
}

export function keep(kept: Kept): void {
  const { language, theme, ...rest } = kept;
  keepLook({ language, theme });
  try {
    localStorage.setItem(KEY, JSON.stringify(rest));
  } catch { /* for this visit only */ }
}
