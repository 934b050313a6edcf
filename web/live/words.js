// Everything that the page says, in Russian and English, and how it writes times and shares.

const WORDS = {
  en: {
    skip: 'Skip to the board', language: 'Language', signOut: 'Sign out', password: 'Password',
    signIn: 'Sign in', signInDo: 'Sign in', user: 'User', passwordOne: 'Password',
    newPassword: 'Choose a new password', passwordNow: 'Present password', passwordNew: 'New password',
    passwordAgain: 'New password again', passwordRule: 'At least 8 characters. A few words are best.',
    passwordDo: 'Change and continue', back: 'Back',
    passwordGiven: 'This password was given to you by somebody else. Replace it with one that only you know.',
    passwordOwn: 'You will be signed out everywhere else.',
    live: 'Live', connecting: 'Connecting…', lost: 'Connection lost',
    stale: (s) => `What you see is ${s} seconds old. Reconnecting…`,
    draining: 'The server is finishing its last calls; new ones are refused.',
    diskNearlyFull: 'The disk of recordings is nearly full: callers cannot leave messages. Calls go on.',
    waiting: 'Waiting', longestWait: 'Longest wait', p10Tile: 'Priority within 10 s', talking: 'Talking',
    operatorsReady: 'Operators ready', queues: 'Queues', queue: 'Queue', p10: 'P10',
    p10Title: 'Priority callers connected within 10 seconds', serviceLevel: 'Level',
    serviceLevelTitle: 'Service level: callers connected within their target', expected: 'Expected',
    expectedTitle: 'What a caller who comes now may expect to wait', readyShort: 'Ready', talkingShort: 'Talking',
    pausedShort: 'Break', reserve: 'Held', reserveTitle: 'Operators held back for Priority callers',
    callers: 'Callers', caller: 'Caller', class: 'Class', stage: 'Stage', step: 'Step', since: 'Since',
    operator: 'Operator', operators: 'Operators', state: 'State', call: 'Call',
    noQueues: 'No queues are set up.', noCalls: 'Nobody is calling.', noOperators: 'No operators yet.',
    more: (n) => `and ${n} more`, withheld: 'Number withheld', inQueue: (q) => `in ${q}`,
    inMenus: (n) => `${n} in menus`, lowest: (q) => `lowest: ${q}`, ofOperators: (n) => `of ${n} signed in`,
    pausedNow: (n) => `${n} on a break`, nobody: 'nobody', afterCall: 'after this call', noFigures: 'no calls yet',
    ringingNow: (n) => `${n} ringing`,
    classes: { priority: 'Priority', security: 'Security', agent_line: 'Agent', standard: 'Standard' },
    stages: { menu: 'Menu', waiting: 'Waiting', ringing: 'Ringing', talking: 'Talking' },
    states: {
      offline: 'Offline', ready: 'Ready', claimed: 'Chosen', ringing: 'Ringing', talking: 'Talking',
      wrap_up: 'Wrap-up', paused: 'Break', unreachable: 'Unreachable',
    },
    reasons: { break: '', lunch: 'lunch', no_answer: 'no answer' },
    roles: { viewer: 'viewer', operator: 'operator', supervisor: 'supervisor', admin: 'administrator', api: 'program' },
    faults: {
      'wrong-password': 'The user or the password is wrong.',
      'too-many': 'Too many attempts. Wait a little, then try again.',
      'password-void': 'The first password was valid for a day. Restart the server to get a new one.',
      'foreign-origin': 'The address of this page is not the one that the server knows. See web.origins in the settings.',
      'store-away': 'The database does not answer. Try again in a moment.',
      unusable: 'This password cannot be used: it is too short, too long, or the old one.',
      differ: 'The two new passwords differ.', empty: 'Fill in every field.', unreached: 'The server does not answer.',
      other: 'That did not work. The log of the server says why.',
    },
  },
  ru: {
    skip: 'К табло', language: 'Язык', signOut: 'Выйти', password: 'Пароль',
    signIn: 'Вход', signInDo: 'Войти', user: 'Пользователь', passwordOne: 'Пароль',
    newPassword: 'Новый пароль', passwordNow: 'Нынешний пароль', passwordNew: 'Новый пароль',
    passwordAgain: 'Новый пароль ещё раз', passwordRule: 'Не меньше 8 знаков. Лучше несколько слов.',
    passwordDo: 'Сменить и продолжить', back: 'Назад',
    passwordGiven: 'Этот пароль вам выдали. Замените его на тот, который знаете только вы.',
    passwordOwn: 'На других устройствах вход будет завершён.',
    live: 'На связи', connecting: 'Подключение…', lost: 'Связь потеряна',
    stale: (s) => `Данным на экране ${s} с. Восстанавливаем связь…`,
    draining: 'Сервер завершает последние звонки, новые не принимаются.',
    diskNearlyFull: 'Диск для записей почти заполнен: оставить сообщение нельзя. Звонки принимаются.',
    waiting: 'Ждут', longestWait: 'Самое долгое ожидание', p10Tile: 'Приоритет за 10 с', talking: 'Разговаривают',
    operatorsReady: 'Операторы свободны', queues: 'Очереди', queue: 'Очередь', p10: 'P10',
    p10Title: 'Доля звонков «Приоритета», соединённых за 10 секунд', serviceLevel: 'Уровень',
    serviceLevelTitle: 'Уровень обслуживания: доля соединённых в срок своего класса', expected: 'Прогноз',
    expectedTitle: 'Сколько прождёт тот, кто позвонит сейчас', readyShort: 'Свободны', talkingShort: 'Говорят',
    pausedShort: 'Перерыв', reserve: 'Резерв', reserveTitle: 'Операторы, оставленные для «Приоритета»',
    callers: 'Звонящие', caller: 'Номер', class: 'Класс', stage: 'Этап', step: 'Шаг', since: 'Время',
    operator: 'Оператор', operators: 'Операторы', state: 'Состояние', call: 'Звонок',
    noQueues: 'Очереди не настроены.', noCalls: 'Сейчас никто не звонит.', noOperators: 'Операторов пока нет.',
    more: (n) => `и ещё ${n}`, withheld: 'Номер скрыт', inQueue: (q) => `в очереди ${q}`,
    inMenus: (n) => `в меню: ${n}`, lowest: (q) => `ниже всего: ${q}`, ofOperators: (n) => `из ${n} на линии`,
    pausedNow: (n) => `перерыв: ${n}`, nobody: 'никого', afterCall: 'после этого звонка', noFigures: 'звонков ещё не было',
    ringingNow: (n) => `вызов: ${n}`,
    classes: { priority: 'Приоритет', security: 'Безопасность', agent_line: 'Агент', standard: 'Обычный' },
    stages: { menu: 'Меню', waiting: 'Ждёт', ringing: 'Вызов', talking: 'Разговор' },
    states: {
      offline: 'Не на линии', ready: 'Свободен', claimed: 'Выбран', ringing: 'Вызов', talking: 'Разговор',
      wrap_up: 'Завершение', paused: 'Перерыв', unreachable: 'Недоступен',
    },
    reasons: { break: '', lunch: 'обед', no_answer: 'не ответил' },
    roles: { viewer: 'наблюдатель', operator: 'оператор', supervisor: 'старший смены', admin: 'администратор', api: 'программа' },
    faults: {
      'wrong-password': 'Неверное имя или пароль.',
      'too-many': 'Слишком много попыток. Подождите немного и попробуйте снова.',
      'password-void': 'Первый пароль действовал сутки. Перезапустите сервер, он выдаст новый.',
      'foreign-origin': 'Сервер не знает адреса этой страницы. См. web.origins в настройках.',
      'store-away': 'База данных не отвечает. Попробуйте чуть позже.',
      unusable: 'Такой пароль не подходит: слишком короткий, слишком длинный или прежний.',
      differ: 'Новые пароли не совпадают.', empty: 'Заполните все поля.', unreached: 'Сервер не отвечает.',
      other: 'Не получилось. Причина записана в журнале сервера.',
    },
  },
};

const KEPT = 'hotline-language';

function first() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in WORDS) return kept;
  } catch { /* storage is off: the browser's language counts */ }
  return navigator.languages.some((l) => l.toLowerCase().startsWith('ru')) ? 'ru' : 'en';
}

let language = first();

export const currentLanguage = () => language;

export function chooseLanguage(name) {
  language = name;
  try { localStorage.setItem(KEPT, name); } catch { /* for this visit only */ }
}

/** A word, or a sentence with its values. */
export function word(key, ...values) {
  const found = WORDS[language][key];
  return typeof found === 'function' ? found(...values) : found;
}

/** The name of a value of ours; one that this page does not know is shown as it is. */
export const named = (group, key) => WORDS[language][group][key] ?? key;

/** Writes the words of the page's own markup. */
export function translate(root) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll('[data-word-title]')) node.title = word(node.dataset.wordTitle);
  for (const node of root.querySelectorAll('[data-word-label]')) {
    node.setAttribute('aria-label', word(node.dataset.wordLabel));
  }
  for (const node of root.querySelectorAll('[data-language]')) {
    node.setAttribute('aria-pressed', String(node.dataset.language === language));
  }
}

/** 0:41, 12:05, 1:02:03 */
export function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

/** 97 %; never rounded up to a promise that was not kept. */
export function share(value) {
  if (value === null || value === undefined) return '–';
  return new Intl.NumberFormat(language, { style: 'percent' }).format(Math.floor(value * 100) / 100);
}
