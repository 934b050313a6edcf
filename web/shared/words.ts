// What every page says. A page's own words are beside it; the type of the English ones keeps the Russian ones complete.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Language } from './look';

const en = {
  pages: { desk: 'Desk', board: 'Board', calls: 'Calls', tickets: 'Tickets', admin: 'Admin' } as Record<string, string>,
  roles: { viewer: 'viewer', operator: 'operator', supervisor: 'supervisor', admin: 'administrator', api: 'program' } as Record<string, string>,
  signIn: 'Sign in', signInTitle: 'Sign in', user: 'User', password: 'Password', passwordNew: 'New password', passwordAgain: 'New password again',
  passwordGiven: 'This password was given to you by somebody else. Replace it with one that only you know.',
  passwordRule: 'At least 8 characters. A few words are best.', passwordDo: 'Change and continue', signOut: 'Sign out', loading: 'One moment…',
  notYours: 'This page is for others', notYoursWhy: (role: string) => `Your role is ${role}.`, toYours: 'To my page',
  language: 'Language', theme: 'Theme', themeAuto: 'Theme: system', themeLight: 'Theme: light', themeDark: 'Theme: dark', skip: 'To the content',
  stale: (s: number) => `What you see is ${s} s old. Connecting again…`, live: 'Live', waitingLink: 'Connecting…', lostLink: 'No connection',
  draining: 'The server is finishing its last calls; new ones are refused.', disk: 'The disk of recordings is nearly full: callers cannot leave messages.',
  reason: 'Reason', reasonWhy: 'It goes into the audit log.', cancel: 'Cancel', close: 'Close', save: 'Save', remove: 'Delete', more: 'More', show: 'Show', all: 'all',
  none: '–', nothing: 'Nothing here yet.', notFound: 'There is nothing at this address.', search: 'Search', from: 'From', to: 'To', asTable: 'As a table', failed: 'Could not be loaded.', again: 'Try again',
  withheld: 'Number withheld', copied: 'Copied', done: 'Done',
  classes: { priority: 'Priority', security: 'Security', agent_line: 'Agent', standard: 'Standard' } as Record<string, string>,
  stages: { menu: 'Menu', waiting: 'Waiting', ringing: 'Ringing', talking: 'Talking' } as Record<string, string>,
  states: {
    offline: 'Off line', ready: 'Ready', claimed: 'Call coming', ringing: 'Ringing', talking: 'Talking', wrap_up: 'Wrap-up', paused: 'Break', unreachable: 'Unreachable',
  } as Record<string, string>,
  reasons: {
    break: 'break', lunch: 'lunch', rest: 'rest', training: 'training', meeting: 'meeting', no_answer: 'two calls were not answered',
    rejected: 'calls were rejected', no_answer_delay: 'a call was not answered', reject_delay: 'a call was rejected', unreachable: 'the phone was out of reach',
  } as Record<string, string>,
  results: {
    answered: 'answered', connected: 'answered', abandoned: 'gave up', completed: 'completed', hung_up: 'hung up', failed: 'failed', rejected: 'refused', exited: 'left the queue',
    served: 'served by the menu', self_service: 'served by the menu', not_reached: 'not reached', ended: 'ended', lost: 'lost', voicemail: 'left a message', callback: 'call back', ticket: 'ticket', timeout: 'timed out', rings_out: 'no answer',
  } as Record<string, string>,
  faults: {
    'wrong-password': 'The user or the password is wrong.', 'too-many': 'Too many attempts. Wait a little, then try again.',
    'password-void': 'The first password was valid for a day. Ask for a new one.', 'foreign-origin': 'The server does not know the address of this page.',
    'store-away': 'The database does not answer. Try again in a moment.', unusable: 'This cannot be used.', 'not-found': 'It is not there any more.', 'not-allowed': 'Your role does not allow this.', 'mail-away': 'The mail server did not take the letter.', busy: 'The server is busy. Try again in a moment.', 'not-now': 'Not possible now: the call or the telephone is in another state by now.',
    'not-signed-in': 'The session has ended: sign in again.',
    differ: 'The two new passwords differ.', empty: 'Fill in every field.', unreached: 'The server does not answer.', other: 'That did not work.',
  } as Record<string, string>,
};

export type CommonWords = typeof en;

const ru: CommonWords = {
  pages: { desk: 'Рабочее место', board: 'Табло', calls: 'Звонки', tickets: 'Заявки', admin: 'Управление' },
  roles: { viewer: 'наблюдатель', operator: 'оператор', supervisor: 'старший смены', admin: 'администратор', api: 'программа' },
  signIn: 'Войти', signInTitle: 'Вход', user: 'Пользователь', password: 'Пароль', passwordNew: 'Новый пароль', passwordAgain: 'Новый пароль ещё раз',
  passwordGiven: 'Этот пароль вам выдали. Замените его на тот, который знаете только вы.',
  passwordRule: 'Не меньше 8 знаков. Лучше несколько слов.', passwordDo: 'Сменить и продолжить', signOut: 'Выйти', loading: 'Минуту…',
  notYours: 'Эта страница для других', notYoursWhy: (role) => `Ваша роль: ${role}.`, toYours: 'На мою страницу',
  language: 'Язык', theme: 'Тема', themeAuto: 'Тема: как в системе', themeLight: 'Тема: светлая', themeDark: 'Тема: тёмная', skip: 'К содержанию',
  stale: (s) => `Данным на экране ${s} с. Восстанавливаем связь…`, live: 'На связи', waitingLink: 'Подключение…', lostLink: 'Связи нет',
  draining: 'Сервер завершает последние звонки, новые не принимаются.', disk: 'Диск для записей почти заполнен: оставить сообщение нельзя.',
  reason: 'Причина', reasonWhy: 'Попадёт в журнал действий.', cancel: 'Отмена', close: 'Закрыть', save: 'Сохранить', remove: 'Удалить', more: 'Ещё', show: 'Показать', all: 'все',
  none: '–', nothing: 'Здесь пока пусто.', notFound: 'По этому адресу ничего нет.', search: 'Найти', from: 'С', to: 'По', asTable: 'Таблицей', failed: 'Не удалось загрузить.', again: 'Ещё раз',
  withheld: 'Номер скрыт', copied: 'Скопировано', done: 'Готово',
  classes: { priority: 'Приоритет', security: 'Безопасность', agent_line: 'Агент', standard: 'Обычный' },
  stages: { menu: 'Меню', waiting: 'Ждёт', ringing: 'Вызов', talking: 'Разговор' },
  states: {
    offline: 'Не на линии', ready: 'Свободен', claimed: 'Сейчас позвонят', ringing: 'Вызов', talking: 'Разговор', wrap_up: 'После звонка', paused: 'Перерыв', unreachable: 'Недоступен',
  },
  reasons: {
    break: 'перерыв', lunch: 'обед', rest: 'отдых', training: 'обучение', meeting: 'совещание', no_answer: 'два звонка без ответа',
    rejected: 'звонки отклонены', no_answer_delay: 'звонок без ответа', reject_delay: 'звонок отклонён', unreachable: 'телефон был недоступен',
  },
  results: {
    answered: 'ответили', connected: 'ответили', abandoned: 'не дождался', completed: 'завершён', hung_up: 'положил трубку', failed: 'сбой', rejected: 'отклонён', exited: 'вышел из очереди',
    served: 'обслужен в меню', self_service: 'обслужен в меню', not_reached: 'не дозвонились', ended: 'завершён', lost: 'потерян', voicemail: 'оставил сообщение', callback: 'перезвонить', ticket: 'заявка', timeout: 'время вышло', rings_out: 'без ответа',
  },
  faults: {
    'wrong-password': 'Неверное имя или пароль.', 'too-many': 'Слишком много попыток. Подождите немного и попробуйте снова.',
    'password-void': 'Первый пароль действовал сутки. Попросите новый.', 'foreign-origin': 'Сервер не знает адреса этой страницы.',
    'store-away': 'База данных не отвечает. Попробуйте чуть позже.', unusable: 'Так не получится.', 'not-found': 'Этого уже нет.', 'not-allowed': 'Ваша роль этого не позволяет.', 'mail-away': 'Почтовый сервер не принял письмо.', busy: 'Сервер занят. Попробуйте чуть позже.', 'not-now': 'Сейчас это невозможно: звонок или телефон уже в другом состоянии.',
    'not-signed-in': 'Сеанс закончился, войдите снова.',
    differ: 'Новые пароли не совпадают.', empty: 'Заполните все поля.', unreached: 'Сервер не отвечает.', other: 'Не получилось.',
  },
};

export const COMMON = { en, ru };
export const Tongue = createContext<Language>('en');
export const useLanguage = (): Language => useContext(Tongue);
/** The words of a page in the language of whoever reads it. */
export const useWordsOf = <W>(words: Record<Language, W>): W => words[useLanguage()];
export const useCommon = (): CommonWords => COMMON[useLanguage()];
