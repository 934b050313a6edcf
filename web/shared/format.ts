// Figures as people read them. Pure; the language is the page's.
import { clock } from './clock';
import type { Language } from './look';

/** 97 %; never rounded up to a promise that was not kept. */
export function share(value: number | null | undefined, language: Language): string {
  if (value === null || value === undefined) return '–';
  return new Intl.NumberFormat(language, { style: 'percent' }).format(Math.floor(value * 100 + 1e-9) / 100);
}

/** 12:05, as on a clock face; with the day when it was not today. */
export function moment(at: string | number | null | undefined, language: Language, now = Date.now()): string {
  if (at === null || at === undefined) return '–';
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return String(at);
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  const today = new Date(now).toDateString() === when.toDateString();
  const day: Intl.DateTimeFormatOptions = today ? {} : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(language, { ...day, ...time }).format(when);
}

/** +7 916 123-45-67, as Russian numbers are read; others with their plus. */
export function phone(number: string): string {
  const russian = /^\+?7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(number);
  if (russian) return `+7 ${russian[1]} ${russian[2]}-${russian[3]}-${russian[4]}`;
  return /^\d{7,}$/.test(number) ? `+${number}` : number;
}

/** 14:15. */
export const hours = (at: string, language: Language): string =>
  new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));

export const seconds = (s: number | null | undefined): string => (s === null || s === undefined ? '–' : clock(s * 1000));
export const length = (ms: number | null | undefined): string => (ms === null || ms === undefined ? '–' : clock(ms));

/** A step's name as words: `pay_number` is written by programs. */
export const plain = (name: string): string => name.replaceAll('_', ' ');
