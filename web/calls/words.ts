// The words of the calls' page.
import { useWordsOf } from '../shared/words';

const en = {
  title: 'Calls', now: 'On the line now', past: 'Earlier calls', find: 'Words or number', caller: 'Caller', queue: 'Queue', operator: 'Operator', result: 'Result', started: 'Started', waited: 'Waited', talked: 'Talked', class: 'Class', stage: 'Stage', since: 'For',
  csv: 'As CSV', none: 'No such calls.', nobody: 'Nobody is calling.', back: 'All calls', call: 'Call', line: 'Line', story: 'Story', ladder: 'SIP', ladderWhy: 'Start lines only: headers and bodies are not kept.', why: 'Why so', recordings: 'Recording', noRecording: 'This call was not recorded.', left: 'caller', right: 'operator', play: 'Play', pause: 'Pause', position: 'Position', caller_side: 'Caller', operator_side: 'Operator', both: 'both',
  disposition: 'Outcome', note: 'Note', hangupBy: 'Ended by', cause: 'Cause', quality: 'Quality', id: 'Id', ended: 'Ended', loss: 'loss', jitter: 'jitter', roundTrip: 'delay', ms: 'ms', ofCaller: 'Caller’s line', ofOperator: 'Operator’s line',
  kinds: {
    step: 'Step', menu_key: 'Pressed a key', menu_silence: 'Pressed nothing', typed: 'Typed in', secret: 'Typed a secret', survey: 'Survey', enqueued: 'Joined the queue', chosen: 'Operator chosen', offered: 'Offered', ringing: 'Ringing', not_answered: 'Not answered', connected: 'Connected',
    exit: 'Left the queue', ended: 'Ended', operator_left: 'The operator’s line broke', returned: 'Back in the queue', moved: 'Moved', raised: 'Class raised', held: 'On hold', resumed: 'Off hold', transfer: 'Being handed on', consulting: 'Consulting', transferred: 'Handed on', transfer_failed: 'Handing on failed', transfer_refused: 'Handing on refused',
    recording: 'Recording begins', recording_paused: 'Recording paused', recording_resumed: 'Recording goes on', recording_refused: 'Recording refused', recorded: 'Recorded', message: 'Left a message', ticket: 'Ticket opened', callback: 'Asked to be called back', called_back: 'Called back', confirmed: 'Confirmed the call-back', called_out: 'Called by an operator',
    announcement: 'Heard the announcement', supervised: 'Supervisor joined', supervision_ended: 'Supervisor left', page_lost: 'The operator’s page was lost', page_back: 'The operator’s page is back', page_not_back: 'The operator’s page did not come back', class_unknown: 'Class could not be looked up',
  } as Record<string, string>,
  keys: {
    flow: 'flow', step: 'step', queue: 'queue', class: 'class', operator: 'operator', wait_ms: 'after', by: 'by', cause: 'cause', key: 'key', heard_ms: 'heard', name: '', digits: '', score: 'score', status: 'answer', mode: 'mode', to: 'to', from: 'from', exit: 'because', number: 'number', ticket: 'ticket', rule: 'rule', ready: 'ready', reserve: 'held back', withheld_ms: 'waited for the reserve', ranked: 'Candidates',
  } as Record<string, string>,
  values: {
    key: { known: 'of the menu', wrong: 'not of the menu' }, heard_ms: { whole: 'to the end' }, by: { caller: 'caller', operator: 'operator', system: 'the system' }, mode: { blind: 'at once', attended: 'after a word', queue: 'to a queue', listen: 'listens', whisper: 'whispers', barge: 'talks too' },
    exit: { max_wait: 'waited too long', full: 'the queue is full', nobody_signed_in: 'nobody is signed in', all_paused: 'all are on a break', ewt_over: 'the expected wait is too long', closed: 'the queue is closed', no_such_skill: 'nobody has the skill' },
    cause: {
      normal: 'normal end', 'caller-left': 'hung up in a menu', abandoned: 'gave up waiting', cancelled: 'gave up before the answer', 'unknown-number': 'no such line', 'no-codec': 'no codec in common', 'over-capacity': 'too many calls', draining: 'the server was stopping', refused: 'a caller rule', 'no-media': 'no media port', 'rtp-timeout': 'no sound came', 'no-ack': 'no ACK came', 'session-expired': 'session timer', admin: 'by a supervisor', callback: 'to be called back', 'not-reached': 'not reached', 'queue-exit': 'left the queue', 'node-failure': 'the server stopped', internal: 'fault of ours',
    },
  } as Record<string, Record<string, string>>,
  rules: { due: 'the turn was due after waiting far too long', returned: 'back at the head after a failed connection', priority: 'the first of Priority', priority_again: 'another phone for a Priority caller', order: 'the first by age and class', order_again: 'another phone for the same caller' } as Record<string, string>,
  rang: (after: string, operator: string, rule: string, candidates: number) => `After ${after} ${operator} was rung: ${rule}${candidates > 1 ? `, one of ${candidates} ready` : '; nobody else was ready'}.`,
  seconds: (s: number) => `${s.toFixed(1)} s`, signs: (n: string) => `characters: ${n}`, stepSays: (text: string) => `“${text}”`,
  standing: {
    ringing: (after: string) => `Phones ring, after ${after} of waiting.`, connecting: (after: string) => `An operator has answered, after ${after} of waiting.`, talking: (after: string) => `Now talking, after ${after} of waiting.`, callback: (after: string, queue: string) => `Waits in ${queue} to be called back, for ${after}.`,
  } as Record<string, (after: string, queue: string) => string>,
  waits: (name: string, queue: string, after: string) => `${name} in ${queue}, has waited ${after}.`, first: 'The first of the queue.',
  ahead: (all: number, priority: number, others: number, returned: number) => `${all} before him: Priority ${priority}, others ${others}${returned ? `, back after a failed connection ${returned}` : ''}.`,
  heldBack: (ready: number, reserve: number) => `${ready} ready, ${reserve} held back for Priority.`, nobodyReady: 'No operator is ready.', served: (what: string) => `Served since he joined: ${what}.`,
  served_by: { due: 'due', returned: 'back in the queue', priority: 'Priority', priority_again: 'Priority', order: 'by age and class', order_again: 'by age and class' } as Record<string, string>,
  withheld: (t: string) => `For ${t} of it an operator was held back for Priority.`, due: (t: string) => `His turn is due by age in ${t}.`,
};
export type CallWords = typeof en;
const ru: CallWords = {
  title: 'Звонки', now: 'Сейчас на линии', past: 'Прошлые звонки', find: 'Слова или номер', caller: 'Номер', queue: 'Очередь', operator: 'Оператор', result: 'Итог', started: 'Начало', waited: 'Ждал', talked: 'Разговор', class: 'Класс', stage: 'Этап', since: 'Время',
  csv: 'В CSV', none: 'Таких звонков нет.', nobody: 'Сейчас никто не звонит.', back: 'Все звонки', call: 'Звонок', line: 'Линия', story: 'Ход звонка', ladder: 'SIP', ladderWhy: 'Только первые строки: заголовки и тела не хранятся.', why: 'Почему так', recordings: 'Запись', noRecording: 'Этот звонок не записан.', left: 'звонящий', right: 'оператор', play: 'Слушать', pause: 'Пауза', position: 'Место записи', caller_side: 'Звонящий', operator_side: 'Оператор', both: 'оба',
  disposition: 'Итог разговора', note: 'Заметка', hangupBy: 'Завершил', cause: 'Причина', quality: 'Связь', id: 'Номер звонка', ended: 'Конец', loss: 'потери', jitter: 'джиттер', roundTrip: 'задержка', ms: 'мс', ofCaller: 'Связь звонящего', ofOperator: 'Связь оператора',
  kinds: {
    step: 'Шаг', menu_key: 'Нажата клавиша', menu_silence: 'Ничего не нажато', typed: 'Набрано', secret: 'Набран секрет', survey: 'Опрос', enqueued: 'Встал в очередь', chosen: 'Выбран оператор', offered: 'Предложен', ringing: 'Вызов', not_answered: 'Без ответа', connected: 'Соединён',
    exit: 'Вышел из очереди', ended: 'Завершён', operator_left: 'Оператор пропал со связи', returned: 'Снова в очереди', moved: 'Перемещён', raised: 'Класс повышен', held: 'На удержании', resumed: 'Снят с удержания', transfer: 'Перевод', consulting: 'Консультация', transferred: 'Переведён', transfer_failed: 'Перевод не удался', transfer_refused: 'Перевод отклонён',
    recording: 'Запись началась', recording_paused: 'Запись на паузе', recording_resumed: 'Запись продолжена', recording_refused: 'От записи отказался', recorded: 'Записан', message: 'Оставил сообщение', ticket: 'Создана заявка', callback: 'Попросил перезвонить', called_back: 'Перезвонили', confirmed: 'Подтвердил обратный звонок', called_out: 'Оператор позвонил сам',
    announcement: 'Услышал объявление', supervised: 'Подключился старший', supervision_ended: 'Старший отключился', page_lost: 'Страница оператора пропала', page_back: 'Страница оператора вернулась', page_not_back: 'Страница оператора не вернулась', class_unknown: 'Класс не удалось узнать',
  },
  keys: {
    flow: 'сценарий', step: 'шаг', queue: 'очередь', class: 'класс', operator: 'оператор', wait_ms: 'через', by: 'кто', cause: 'причина', key: 'клавиша', heard_ms: 'прослушал', name: '', digits: '', score: 'оценка', status: 'ответ', mode: 'как', to: 'кому', from: 'откуда', exit: 'почему', number: 'номер', ticket: 'заявка', rule: 'по правилу', ready: 'свободны', reserve: 'в резерве', withheld_ms: 'ждал из-за резерва', ranked: 'Кандидаты',
  },
  values: {
    key: { known: 'из меню', wrong: 'не из меню' }, heard_ms: { whole: 'до конца' }, by: { caller: 'звонящий', operator: 'оператор', system: 'система' }, mode: { blind: 'сразу', attended: 'после разговора', queue: 'в очередь', listen: 'слушает', whisper: 'подсказывает', barge: 'в разговоре' },
    exit: { max_wait: 'ждал слишком долго', full: 'очередь полна', nobody_signed_in: 'операторов нет на линии', all_paused: 'все на перерыве', ewt_over: 'ждать пришлось бы слишком долго', closed: 'очередь закрыта', no_such_skill: 'нет оператора с нужным навыком' },
    cause: {
      normal: 'обычное завершение', 'caller-left': 'положил трубку в меню', abandoned: 'не дождался', cancelled: 'передумал до ответа', 'unknown-number': 'нет такой линии', 'no-codec': 'нет общего кодека', 'over-capacity': 'слишком много звонков', draining: 'сервер останавливался', refused: 'правило для номера', 'no-media': 'нет свободного порта', 'rtp-timeout': 'звук пропал', 'no-ack': 'нет подтверждения (ACK)', 'session-expired': 'вышло время сеанса', admin: 'завершил старший', callback: 'перезвоним', 'not-reached': 'не дозвонились', 'queue-exit': 'вышел из очереди', 'node-failure': 'сервер остановился', internal: 'наш сбой',
    },
  },
  rules: { due: 'ждал слишком долго, очередь подошла', returned: 'вернулся в начало после неудачного соединения', priority: 'первый из «Приоритета»', priority_again: 'ещё один телефон для «Приоритета»', order: 'первый по времени и классу', order_again: 'ещё один телефон для того же звонящего' },
  rang: (after, operator, rule, candidates) => `Через ${after} вызван ${operator}: ${rule}${candidates > 1 ? `, свободных было ${candidates}` : ', других свободных не было'}.`,
  seconds: (s) => `${s.toFixed(1).replace('.', ',')} с`, signs: (n) => `знаков: ${n}`, stepSays: (text) => `«${text}»`,
  standing: {
    ringing: (after) => `Идёт вызов, до него ждал ${after}.`, connecting: (after) => `Оператор ответил, до этого ждал ${after}.`, talking: (after) => `Сейчас разговаривает, до этого ждал ${after}.`, callback: (after, queue) => `Ждёт обратного звонка из очереди ${queue} уже ${after}.`,
  },
  waits: (name, queue, after) => `Класс «${name}», очередь ${queue}, ждёт уже ${after}.`, first: 'Первый в очереди.',
  ahead: (all, priority, others, returned) => `Перед ним ${all}: «Приоритет» ${priority}, остальные ${others}${returned ? `, вернувшиеся после неудачного соединения ${returned}` : ''}.`,
  heldBack: (ready, reserve) => `Свободны ${ready}, из них оставлены для «Приоритета» ${reserve}.`, nobodyReady: 'Свободных операторов нет.', served: (what) => `С тех пор обслужены: ${what}.`,
  served_by: { due: 'заждавшиеся', returned: 'вернувшиеся', priority: '«Приоритет»', priority_again: '«Приоритет»', order: 'по времени и классу', order_again: 'по времени и классу' },
  withheld: (t) => `Из них ${t} оператор был оставлен для «Приоритета».`, due: (t) => `По времени ожидания его очередь подойдёт через ${t}.`,
};
export const WORDS = { en, ru };
export const useWords = (): CallWords => useWordsOf(WORDS);
