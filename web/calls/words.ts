// The words of the calls' page.
import { useWordsOf } from '../shared/words';

const en = {
  title: 'Calls', now: 'On the line now', past: 'Earlier calls', find: 'Words or number', caller: 'Caller', queue: 'Queue', operator: 'Operator', result: 'Result', started: 'Started', waited: 'Waited', talked: 'Talked', class: 'Class', stage: 'Stage', since: 'For',
  csv: 'As CSV', none: 'No such calls.', nobody: 'Nobody is calling.', back: 'All calls', call: 'Call', line: 'Line', story: 'Story', ladder: 'SIP', ladderWhy: 'Start lines only: headers and bodies are not kept.', why: 'Why so', recordings: 'Recording', noRecording: 'This call was not recorded.', left: 'caller', right: 'operator', play: 'Play', pause: 'Pause', position: 'Position', caller_side: 'Caller', operator_side: 'Operator', both: 'both',
  disposition: 'Outcome', note: 'Note', hangupBy: 'Ended by', quality: 'Quality', id: 'Id', ended: 'Ended', loss: 'loss', jitter: 'jitter',
  kinds: {
    step: 'Step', said: 'Said', keys: 'Keys', enqueued: 'Joined the queue', offered: 'Offered', chosen: 'Chosen', ringing: 'Ringing', connected: 'Connected', answered: 'Answered', exit: 'Left the queue', ended: 'Ended', operator_left: 'The operator left', moved: 'Moved',
    raised: 'Raised', held: 'On hold', resumed: 'Resumed', transferred: 'Transferred', recording: 'Recording', hung_up: 'Hung up', no_answer: 'No answer', rejected: 'Declined', callback: 'Call-back', key: 'Key', begun: 'Begun', verified: 'Verified',
  } as Record<string, string>,
};
export type CallWords = typeof en;
const ru: CallWords = {
  title: 'Звонки', now: 'Сейчас на линии', past: 'Прошлые звонки', find: 'Слова или номер', caller: 'Номер', queue: 'Очередь', operator: 'Оператор', result: 'Итог', started: 'Начало', waited: 'Ждал', talked: 'Разговор', class: 'Класс', stage: 'Этап', since: 'Время',
  csv: 'В CSV', none: 'Таких звонков нет.', nobody: 'Сейчас никто не звонит.', back: 'Все звонки', call: 'Звонок', line: 'Линия', story: 'Ход звонка', ladder: 'SIP', ladderWhy: 'Только первые строки: заголовки и тела не хранятся.', why: 'Почему так', recordings: 'Запись', noRecording: 'Этот звонок не записан.', left: 'звонящий', right: 'оператор', play: 'Слушать', pause: 'Пауза', position: 'Место записи', caller_side: 'Звонящий', operator_side: 'Оператор', both: 'оба',
  disposition: 'Итог разговора', note: 'Заметка', hangupBy: 'Завершил', quality: 'Связь', id: 'Номер звонка', ended: 'Конец', loss: 'потери', jitter: 'джиттер',
  kinds: {
    step: 'Шаг', said: 'Сказано', keys: 'Клавиши', enqueued: 'Встал в очередь', offered: 'Предложен', chosen: 'Выбран', ringing: 'Вызов', connected: 'Соединён', answered: 'Ответ', exit: 'Вышел из очереди', ended: 'Завершён', operator_left: 'Оператор отключился', moved: 'Перемещён',
    raised: 'Класс повышен', held: 'На удержании', resumed: 'Снят с удержания', transferred: 'Переведён', recording: 'Запись', hung_up: 'Трубка положена', no_answer: 'Без ответа', rejected: 'Отклонён', callback: 'Обратный звонок', key: 'Клавиша', begun: 'Начат', verified: 'Проверен',
  },
};
export const WORDS = { en, ru };
export const useWords = (): CallWords => useWordsOf(WORDS);
