// How this browser likes its pages: language and colours. Without storage: for this visit only.

export type Language = 'ru' | 'en';
export type Theme = 'auto' | 'light' | 'dark';
export interface Look { language: Language; theme: Theme }

const LANGUAGE = 'hotline-language';
const THEME = 'hotline-theme';

export function recallLook(): Look {
  const russian = (navigator.languages ?? []).some((language) => language.toLowerCase().startsWith('ru'));
  const look: Look = { language: russian ? 'ru' : 'en', theme: 'auto' };
  try {
    const language = localStorage.getItem(LANGUAGE);
    if (language === 'ru' || language === 'en') look.language = language;
    const theme = localStorage.getItem(THEME);
    if (theme === 'light' || theme === 'dark') look.theme = theme;
  } catch { /* storage is off */ }
  return look;
}

export function keepLook({ language, theme }: Look): void {
  try {
    localStorage.setItem(LANGUAGE, language);
    localStorage.setItem(THEME, theme);
  } catch { /* for this visit only */ }
}

/** Tells the document: its language, and the colours that follow. */
export function wear({ language, theme }: Look): void {
  document.documentElement.lang = language;
  document.documentElement.dataset['theme'] = theme;
}
