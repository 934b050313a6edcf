// The board's words.
import { useWordsOf } from '../shared/words';

const en = {
  title: 'Board', waiting: 'Waiting', longest: 'Longest wait', p10: 'Priority within 10 s', talking: 'Talking', ready: 'Operators ready',
  inMenus: (n: number) => `in menus: ${n}`, inQueue: (q: string) => `in ${q}`, nobody: 'nobody', lowest: (q: string) => `lowest: ${q}`, noCalls: 'no calls yet',
  ringing: (n: number) => `ringing: ${n}`, of: (n: number, paused: number) => `of ${n} on line${paused ? `, on a break: ${paused}` : ''}`,
  queues: 'Queues', queue: 'Queue', wait: 'Longest', p10Short: 'P10', p10Title: 'Priority callers connected within 10 seconds', level: 'Level', levelTitle: 'Service level: connected within the class’s target',
  expected: 'Expected', expectedTitle: 'What a caller who comes now may expect to wait', reserve: 'Reserve', reserveTitle: 'Operators held back for Priority, and what that adds to everybody else’s mean wait',
  abandoned: 'Gave up', abandonedTitle: 'Hung up while waiting, since the start', people: 'Operators', peopleTitle: 'Ready / talking / on a break', missing: (n: number) => `${n} short`, missingTitle: 'Operators who are missing to keep the promise to Priority', cost: (s: string) => `+${s} s`,
  byClass: 'By class', today: 'Today by class', class: 'Class', offered: 'Offered', answered: 'Answered', inTarget: 'In target', meanWait: 'Mean wait', maxWait: 'Longest', target: 'Target',
  closed: 'closed', closedUntil: (t: string) => `closed until ${t}`, callers: 'Callers', caller: 'Caller', stage: 'Stage', where: 'Where', time: 'Time', operator: 'Operator',
  operators: 'Operators', state: 'State', call: 'Call', misses: 'Misses', missesTitle: 'Today: not answered / rejected / unreachable', occupancy: 'Busy', occupancyTitle: 'Occupancy today: busy of signed in', noCallers: 'Nobody is calling.', noOperators: 'No operators yet.', noQueues: 'No queues are set up.',
  more: (n: number) => `and ${n} more`, afterCall: (what: string) => `after this call: ${what}`, acts: (who: string) => `Acts: ${who}`,
  move: 'Move to another queue…', raise: 'Raise the class…', hangUp: 'End the call…', whole: 'The whole story', listen: 'Listen in…', whisper: 'Whisper to the operator…', barge: 'Join the talk…', stopListening: 'Stop listening…', supervised: { listen: 'is being listened to', whisper: 'whispered to', barge: 'a third is in' } as Record<string, string>,
  setReady: 'Make ready…', setPaused: 'Send on a break…', setOffline: 'Sign out…', endWrapUp: 'End the wrap-up…', close: 'Close the queue…', open: 'Open the queue…',
  toQueue: 'To queue', toClass: 'To class', until: 'Until', untilWhy: 'It opens by itself then. Empty: until it is opened.', closeDo: 'Close', openDo: 'Open', moveDo: 'Move', raiseDo: 'Raise', hangUpDo: 'End the call', setDo: 'Change',
  hangUpWhy: 'The caller is cut off.', closeWhy: 'Who waits or comes is told so and goes on as the flow says. A phone that rings may still be answered; call-backs are kept.', myPhone: 'My phone', myPhoneWhy: 'It rings; answer it.', listenDo: 'Ring me', pauseReason: 'Kind of break',
  listenWhy: { listen: 'Nobody hears you.', whisper: 'The operator hears you, the caller does not.', barge: 'Both hear you.' } as Record<string, string>,
  announcement: 'Announcement', announce: 'Announcement…', announceWhy: 'Every caller hears it first, and those who wait hear it too.', announceDo: 'Announce', announceEnd: 'End the announcement…', endDo: 'End it', prompt: 'What is said', promptWhy: 'Names of prompts, one after another.', announced: (what: string, until: string) => `Announcement on: ${what}, until ${until}`,
  reload: 'Reload flows…', reloadWhy: 'New calls begin with the new flows; calls under way keep theirs.', reloadDo: 'Reload', wall: 'Wall', wallOff: 'Leave the wall', acted: 'More',
  alerts: 'Alerts', since: (t: string) => `since ${t}`, history: 'Today', every: 'every 15 minutes', forQueue: 'Queue', allQueues: 'all queues',
  chartCalls: 'Calls', chartLevel: 'Promise and level', chartWait: 'Mean wait, s', interval: 'From', gaveUp: 'Gave up', noHistory: 'No calls today yet.',
  formula: 'Service level', formulaIs: 'connected within the target ÷ (offered − hung up within 5 s)', formulaP10: 'P10 = connected within 10 s ÷ (offered − hung up within 10 s); Priority callers only',
  formulaWhy: 'Each class has its own target. Whoever hangs up within five seconds is not counted. Callers who still wait count once their target has passed.', formulaNumbers: (q: string) => `${q}, since the start`, others: 'Two other common formulas, today',
  ofAnswered: 'within the target ÷ answered', withAbandons: '(within the target + hung up within the target) ÷ offered', result: 'Result',
  alertNames: { promise_at_risk: 'The promise is at risk', nobody_ready: 'Nobody to answer', flow_reload_failed: 'Flows were not reloaded', disk_nearly_full: 'The disk is nearly full', arm_withdrawn: 'An arm of a split was withdrawn' } as Record<string, string>,
  short: (n: number) => `operators missing: ${n}`, waits: (n: number, t: string) => `${n} waiting, longest ${t}`,
  line: 'Line', lineTitle: 'The operator’s line today: packets lost and jitter', lineIs: (loss: string, jitter: string) => `${loss}, ${jitter} ms`,
};

export type BoardWords = typeof en;

const ru: BoardWords = {
  title: 'Табло', waiting: 'Ждут', longest: 'Самое долгое ожидание', p10: 'Приоритет за 10 с', talking: 'Разговаривают', ready: 'Операторы свободны',
  inMenus: (n) => `в меню: ${n}`, inQueue: (q) => `в очереди ${q}`, nobody: 'никого', lowest: (q) => `ниже всего: ${q}`, noCalls: 'звонков ещё не было',
  ringing: (n) => `вызов: ${n}`, of: (n, paused) => `из ${n} на линии${paused ? `, перерыв: ${paused}` : ''}`,
  queues: 'Очереди', queue: 'Очередь', wait: 'Дольше всех', p10Short: 'P10', p10Title: 'Доля звонков «Приоритета», соединённых за 10 секунд', level: 'Уровень', levelTitle: 'Уровень обслуживания: доля соединённых в срок своего класса',
  expected: 'Прогноз', expectedTitle: 'Сколько прождёт тот, кто позвонит сейчас', reserve: 'Резерв', reserveTitle: 'Операторы, оставленные для «Приоритета», и насколько дольше из-за этого ждут остальные',
  abandoned: 'Не дождались', abandonedTitle: 'Положили трубку в очереди, с запуска', people: 'Операторы', peopleTitle: 'Свободны / разговаривают / на перерыве', missing: (n) => `не хватает: ${n}`, missingTitle: 'Скольких операторов не хватает, чтобы сдержать обещание «Приоритету»', cost: (s) => `+${s} с`,
  byClass: 'По классам', today: 'Сегодня по классам', class: 'Класс', offered: 'Поступило', answered: 'Отвечено', inTarget: 'В срок', meanWait: 'Среднее ожидание', maxWait: 'Наибольшее', target: 'Срок',
  closed: 'закрыта', closedUntil: (t) => `закрыта до ${t}`, callers: 'Звонящие', caller: 'Номер', stage: 'Этап', where: 'Где', time: 'Время', operator: 'Оператор',
  operators: 'Операторы', state: 'Состояние', call: 'Звонок', misses: 'Пропуски', missesTitle: 'Сегодня: без ответа / отклонено / недоступен', occupancy: 'Занят', occupancyTitle: 'Занятость сегодня: доля времени на линии', noCallers: 'Сейчас никто не звонит.', noOperators: 'Операторов пока нет.', noQueues: 'Очереди не настроены.',
  more: (n) => `и ещё ${n}`, afterCall: (what) => `после звонка: ${what}`, acts: (who) => `Действия: ${who}`,
  move: 'Перевести в другую очередь…', raise: 'Повысить класс…', hangUp: 'Завершить звонок…', whole: 'Вся история звонка', listen: 'Слушать…', whisper: 'Подсказать оператору…', barge: 'Войти в разговор…', stopListening: 'Больше не слушать…', supervised: { listen: 'прослушивается', whisper: 'с подсказкой', barge: 'втроём' },
  setReady: 'Вернуть на линию…', setPaused: 'Отправить на перерыв…', setOffline: 'Снять с линии…', endWrapUp: 'Закончить обработку…', close: 'Закрыть очередь…', open: 'Открыть очередь…',
  toQueue: 'В очередь', toClass: 'Новый класс', until: 'До', untilWhy: 'Тогда откроется сама. Пусто: пока не откроют.', closeDo: 'Закрыть', openDo: 'Открыть', moveDo: 'Перевести', raiseDo: 'Повысить', hangUpDo: 'Завершить звонок', setDo: 'Изменить',
  hangUpWhy: 'Звонок оборвётся.', closeWhy: 'Кто ждёт или позвонит, услышит об этом и пойдёт дальше по сценарию. На звонок, который уже идёт к оператору, можно ответить, обратные звонки сохранятся.', myPhone: 'Мой телефон', myPhoneWhy: 'Он зазвонит, ответьте.', listenDo: 'Позвонить мне', pauseReason: 'Вид перерыва',
  listenWhy: { listen: 'Вас никто не услышит.', whisper: 'Вас услышит оператор, звонящий не услышит.', barge: 'Вас услышат оба.' },
  announcement: 'Объявление', announce: 'Объявление…', announceWhy: 'Его первым услышит каждый, кто позвонит, и все, кто ждёт.', announceDo: 'Объявить', announceEnd: 'Снять объявление…', endDo: 'Снять', prompt: 'Что сказать', promptWhy: 'Названия фраз, одна за другой.', announced: (what, until) => `Идёт объявление: ${what}, до ${until}`,
  reload: 'Обновить сценарии…', reloadWhy: 'Новые звонки пойдут по новым сценариям, текущие закончатся по прежним.', reloadDo: 'Обновить', wall: 'На стену', wallOff: 'Убрать со стены', acted: 'Ещё',
  alerts: 'Тревоги', since: (t) => `с ${t}`, history: 'Сегодня', every: 'по 15 минут', forQueue: 'Очередь', allQueues: 'все очереди',
  chartCalls: 'Звонки', chartLevel: 'Обещание и уровень', chartWait: 'Среднее ожидание, с', interval: 'С', gaveUp: 'Не дождались', noHistory: 'Сегодня звонков ещё не было.',
  formula: 'Уровень обслуживания', formulaIs: 'соединены в срок ÷ (поступило − положили трубку за 5 с)', formulaP10: 'P10 = соединены за 10 с ÷ (поступило − положили трубку за 10 с), только «Приоритет»',
  formulaWhy: 'У каждого класса свой срок. Кто положил трубку за пять секунд, не в счёт. Кто ещё ждёт, считается, когда его срок вышел.', formulaNumbers: (q) => `${q}, с запуска`, others: 'Ещё две принятые формулы, сегодня',
  ofAnswered: 'соединены в срок ÷ отвечено', withAbandons: '(соединены в срок + положили трубку в срок) ÷ поступило', result: 'Итог',
  alertNames: { promise_at_risk: 'Обещание под угрозой', nobody_ready: 'Некому ответить', flow_reload_failed: 'Сценарии не обновились', disk_nearly_full: 'Диск почти заполнен', arm_withdrawn: 'Вариант сценария снят' },
  short: (n) => `операторов не хватает: ${n}`, waits: (n, t) => `ждут: ${n}, дольше всех ${t}`,
  line: 'Связь', lineTitle: 'Связь оператора сегодня: потери пакетов и джиттер', lineIs: (loss, jitter) => `${loss}, ${jitter} мс`,
};

export const WORDS = { en, ru };
export const useWords = (): BoardWords => useWordsOf(WORDS);
