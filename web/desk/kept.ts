// What this browser remembers for its operator: language, colours, devices, habits. Without storage: for this visit only.
import type { Language } from './words';

export type Theme = 'auto' | 'light' | 'dark';

export interface Kept {
  language: Language;
  theme: Theme;
  microphone: string;
  speaker: string;
  /** 0 to 1. */
  ringVolume: number;
  autoAnswer: boolean;
  keys: boolean;
}

const KEY = 'hotline-desk';
/** The board's; whoever reads one page in Russian reads the other so. */
const LANGUAGE_KEY = 'hotline-language';

export function recall(): Kept {
  const languages = navigator.languages ?? [];
  const kept: Kept = {
    language: languages.some((language) => language.toLowerCase().startsWith('ru')) ? 'ru' : 'en',
    theme: 'auto', microphone: '', speaker: '', ringVolume: 0.6, autoAnswer: false, keys: true,
  };
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    for (const [key, value] of Object.entries(found ?? {})) {
      if (key in kept && typeof value === typeof kept[key as keyof Kept]) Object.assign(kept, { [key]: value });
    }
    const language = localStorage.getItem(LANGUAGE_KEY);
    if (language === 'ru' || language === 'en') kept.language = language;
    if (!['auto', 'light', 'dark'].includes(kept.theme)) kept.theme = 'auto';
  } catch { /* storage is off, or what it holds is not ours */ }
  return kept;
}

export function keep(kept: Kept): void {
  try {
    const { language, ...rest } = kept;
    localStorage.setItem(KEY, JSON.stringify(rest));
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch { /* for this visit only */ }
}
