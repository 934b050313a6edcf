// Everything that the desk says, in Russian and English. The type of the English words keeps the Russian ones complete.

const en = {
  title: 'desk',
  noOperator: (user: string) => `“${user}” is not an operator`,
  noOperatorWhy: 'This page is for operators: the user’s name must be an operator’s id. Everybody else has the board.', board: 'The board',
  elsewhere: 'The desk is open in another window', elsewhereWhy: 'Calls ring in one window only, so that none is answered twice.', useHere: 'Use this window',
  lines: { off: 'Off line', connecting: 'Connecting…', up: 'On line', lost: 'Connection lost' },
  lost: 'The connection is lost and being restored.', lostTalking: 'The connection is lost and being restored. Your conversation goes on.',
  stale: 'The figures on this page are not fresh.', draining: 'The server is finishing its last calls; new ones are refused.',
  myState: 'My state',
  states: {
    offline: 'Off line', ready: 'Ready', claimed: 'Call coming', ringing: 'Ringing', talking: 'Talking', wrap_up: 'Wrap-up',
    paused: 'Break', unreachable: 'Unreachable',
  },
  stateHints: {
    offline: 'Calls come when the telephone is connected.', ready: 'The next caller may ring.', claimed: 'A caller is on the way to you.',
    ringing: 'A caller waits for you to answer.', talking: 'You are with a caller.', wrap_up: 'Time to finish what the call left to do.',
    paused: 'Nobody rings until you are ready.', unreachable: 'The server cannot reach this page. It tries every five seconds.',
  },
  delayHint: 'A short pause; it ends by itself.', ready: 'Ready', endWrapUp: 'Finish wrap-up', takeBreak: 'Take a break', afterCall: (next: string) => `After this call: ${next}`,
  reasons: {
    break: '', lunch: 'lunch', rest: 'rest', training: 'training', meeting: 'meeting', no_answer: 'two calls were not answered',
    rejected: 'calls were rejected', no_answer_delay: 'a call was not answered', reject_delay: 'a call was rejected', unreachable: 'the page was out of reach',
  } as Record<string, string>,
  breaks: { lunch: 'Lunch', rest: 'Rest', training: 'Training', meeting: 'Meeting', break: 'Other' },
  left: 'left', since: 'so far',
  queues: 'My queues', nobodyWaits: 'nobody waits', noQueues: 'No queues yet.',
  call: 'Call', idle: { ready: 'Waiting for a call', paused: 'You are on a break', offline: 'You are off line', wrap_up: 'Wrap-up' },
  idleWhy: {
    ready: 'The caller’s card appears here. You will hear the ring in your speaker.', paused: 'Press R when you are back.',
    offline: 'Allow the microphone, and the telephone connects by itself.', wrap_up: 'Press R when you are done; otherwise it ends by itself.',
  },
  withheld: 'Number withheld', unknownCaller: 'Caller', classes: {
    priority: 'Priority', security: 'Security', agent_line: 'Agent', standard: 'Standard',
  } as Record<string, string>,
  queue: 'Queue', waited: 'Waited', line: 'Line', inCall: 'Call', path: 'The way here', noPath: 'nothing yet', toQueue: (q: string) => `queue ${q}`,
  phases: { ringing: 'Incoming call', answering: 'Connecting…', talking: 'Talking', held: 'On hold', over: 'Call ended' },
  endings: {
    caller: 'The caller hung up', operator: 'You hung up', missed: 'Not answered: the call went on', rejected: 'You declined',
    failed: 'The connection failed',
  },
  answer: 'Answer', reject: 'Decline', mute: 'Mute', unmute: 'Unmute', hold: 'Hold', resume: 'Resume', keypad: 'Keypad', hangUp: 'Hang up',
  hangingUp: 'Hanging up…', pressed: 'Pressed', muted: 'Microphone is off: the caller does not hear you.', onHold: 'The caller hears music.',
  quality: 'Line', grades: { good: 'good', fair: 'fair', poor: 'poor', silent: 'no sound from the caller' },
  loss: 'loss', jitter: 'jitter', roundTrip: 'delay', ms: 'ms',
  transfer: 'Transfer', handTo: 'Hand to', toOperator: 'Operator', toAQueue: 'Queue', toNumber: 'Number', numberHint: 'With the country’s code: +7…', blind: 'Hand over', attended: 'Speak first', noColleague: 'nobody is ready',
  consulting: (who: string) => `On the line: ${who}. The caller hears music.`, asking: (who: string) => `Calling ${who}…`, complete: 'Hand over now', back: 'Back to the caller',
  note: 'Note', disposition: 'Outcome', dispositionNone: 'not chosen', saveNote: 'Save the note', noteSaved: 'Saved', noteHint: 'Ctrl + Enter saves.', callOut: 'Call out', callOutWhy: 'Your telephone connects first, then the number is dialled.', dial: 'Dial', dialling: 'Calling out', ticketNo: 'Ticket (optional)', outgoing: 'Outgoing call',
  answers: 'Typed in', earlier: 'Earlier calls', noEarlier: 'The first call.', tickets: 'Tickets', recording: { on: 'Recording', paused: 'Recording paused' }, pauseRecording: 'Pause it', resumeRecording: 'Go on', name: 'Name', email: 'E-mail',
  sound: 'Sound', microphone: 'Microphone', speaker: 'Speaker', systemDefault: 'System default', level: 'Level', ringVolume: 'Ring',
  test: 'Try', autoAnswer: 'Answer by itself', autoAnswerWhy: 'After a short tone; with the headset on.', notify: 'Show notifications',
  speakerFixed: 'This browser lets the system choose.',
  allow: 'Allow the microphone', again: 'Try again', microphoneWhy: 'Calls come only when you can be heard: the browser will ask for the microphone.',
  microphones: {
    unasked: 'The microphone is needed', asking: 'Answer the browser’s question…', refused: 'The browser refuses the microphone. Allow it in the address bar, then press again.',
    missing: 'No microphone was found. Plug a headset in.', on: '',
  },
  insecure: 'The browser gives a microphone to https pages only. Ask your administrator for the https address.',
  keys: 'Keys', keysOn: 'Single keys on', closeIt: 'Close', keyTones: '0–9 * #', tones: 'Tones during a call', help: 'Keys',
  ringTitle: (who: string) => `Call: ${who}`,
  faults: {
    'media-failed': 'Sound could not be set up for the call.',
    'hold-failed': 'Hold did not work.', 'speaker-failed': 'This speaker cannot be used.', 'sip-refused': 'The server does not accept this telephone. Trying again.',
  } as Record<string, string>,
};

export type Words = typeof en;

const ru: Words = {
  title: 'рабочее место',
  noOperator: (user) => `«${user}» не оператор`,
  noOperatorWhy: 'Эта страница для операторов: имя пользователя должно совпадать с номером оператора. Для остальных есть табло.', board: 'Табло',
  elsewhere: 'Рабочее место открыто в другом окне', elsewhereWhy: 'Звонки приходят только в одно окно, чтобы никто не ответил дважды.', useHere: 'Работать здесь',
  lines: { off: 'Не на линии', connecting: 'Подключение…', up: 'На линии', lost: 'Связь потеряна' },
  lost: 'Связь с сервером потеряна, восстанавливаем.', lostTalking: 'Связь с сервером потеряна, восстанавливаем. Разговор продолжается.',
  stale: 'Данные на странице устарели.', draining: 'Сервер завершает последние звонки, новые не принимаются.',
  myState: 'Моё состояние',
  states: {
    offline: 'Не на линии', ready: 'Готов', claimed: 'Сейчас позвонят', ringing: 'Звонок', talking: 'Разговор', wrap_up: 'После звонка',
    paused: 'Перерыв', unreachable: 'Недоступен',
  },
  stateHints: {
    offline: 'Звонки начнут приходить, когда подключится телефон.', ready: 'Следующий звонок может прийти к вам.', claimed: 'К вам переводят звонящего.',
    ringing: 'Звонящий ждёт ответа.', talking: 'Вы на связи со звонящим.', wrap_up: 'Время записать итог и доделать всё по звонку.',
    paused: 'Звонков не будет, пока вы не вернётесь.', unreachable: 'Сервер не может дозвониться до страницы и пробует каждые пять секунд.',
  },
  delayHint: 'Короткая пауза, она закончится сама.', ready: 'Готов', endWrapUp: 'Готов к звонкам', takeBreak: 'Перерыв', afterCall: (next) => `После звонка: ${next}`,
  reasons: {
    break: '', lunch: 'обед', rest: 'отдых', training: 'обучение', meeting: 'совещание', no_answer: 'два звонка без ответа',
    rejected: 'звонки отклонены', no_answer_delay: 'звонок без ответа', reject_delay: 'звонок отклонён', unreachable: 'страница была недоступна',
  },
  breaks: { lunch: 'Обед', rest: 'Отдых', training: 'Обучение', meeting: 'Совещание', break: 'Другое' },
  left: 'осталось', since: 'прошло',
  queues: 'Мои очереди', nobodyWaits: 'никто не ждёт', noQueues: 'Очередей пока нет.',
  call: 'Звонок', idle: { ready: 'Ждём звонка', paused: 'У вас перерыв', offline: 'Вы не на линии', wrap_up: 'После звонка' },
  idleWhy: {
    ready: 'Карточка звонящего появится здесь. Сигнал прозвучит в динамике.', paused: 'Когда вернётесь, нажмите R.',
    offline: 'Разрешите микрофон, и телефон подключится сам.', wrap_up: 'Когда закончите, нажмите R. Иначе время выйдет само.',
  },
  withheld: 'Номер скрыт', unknownCaller: 'Звонящий', classes: { priority: 'Приоритет', security: 'Безопасность', agent_line: 'Агент', standard: 'Обычный' },
  queue: 'Очередь', waited: 'Ожидание', line: 'Линия', inCall: 'Звонок', path: 'Путь по меню', noPath: 'пока пусто', toQueue: (q) => `очередь ${q}`,
  phases: { ringing: 'Входящий звонок', answering: 'Соединение…', talking: 'Разговор', held: 'На удержании', over: 'Звонок завершён' },
  endings: {
    caller: 'Звонящий положил трубку', operator: 'Вы завершили звонок', missed: 'Без ответа: звонок передан дальше', rejected: 'Вы отклонили звонок',
    failed: 'Соединение не удалось',
  },
  answer: 'Ответить', reject: 'Отклонить', mute: 'Без звука', unmute: 'Со звуком', hold: 'Удержать', resume: 'Вернуться', keypad: 'Клавиши', hangUp: 'Завершить',
  hangingUp: 'Завершаем…', pressed: 'Набрано', muted: 'Микрофон выключен: вас не слышно.', onHold: 'Звонящий слушает музыку.',
  quality: 'Связь', grades: { good: 'хорошая', fair: 'средняя', poor: 'плохая', silent: 'звонящего не слышно' },
  loss: 'потери', jitter: 'джиттер', roundTrip: 'задержка', ms: 'мс',
  transfer: 'Перевести', handTo: 'Кому', toOperator: 'Оператору', toAQueue: 'В очередь', toNumber: 'На номер', numberHint: 'С кодом страны: +7…', blind: 'Передать сразу', attended: 'Сначала поговорить', noColleague: 'свободных нет',
  consulting: (who) => `На связи: ${who}. Звонящий слушает музыку.`, asking: (who) => `Звоним: ${who}…`, complete: 'Передать', back: 'Вернуться к звонящему',
  note: 'Заметка', disposition: 'Итог', dispositionNone: 'не выбран', saveNote: 'Сохранить заметку', noteSaved: 'Сохранено', noteHint: 'Ctrl + Enter сохраняет.', callOut: 'Позвонить', callOutWhy: 'Сначала подключится ваш телефон, затем наберётся номер.', dial: 'Набрать', dialling: 'Исходящий звонок', ticketNo: 'Заявка (если есть)', outgoing: 'Исходящий звонок',
  answers: 'Набрано в меню', earlier: 'Прежние звонки', noEarlier: 'Звонит впервые.', tickets: 'Заявки', recording: { on: 'Идёт запись', paused: 'Запись на паузе' }, pauseRecording: 'Приостановить', resumeRecording: 'Продолжить', name: 'Имя', email: 'Почта',
  sound: 'Звук', microphone: 'Микрофон', speaker: 'Динамик', systemDefault: 'Как в системе', level: 'Уровень', ringVolume: 'Сигнал',
  test: 'Проверить', autoAnswer: 'Отвечать сразу', autoAnswerWhy: 'После короткого сигнала. Наденьте гарнитуру.', notify: 'Показывать уведомления',
  speakerFixed: 'В этом браузере динамик выбирает система.',
  allow: 'Разрешить микрофон', again: 'Попробовать ещё раз', microphoneWhy: 'Звонки придут, только когда вас будет слышно. Браузер спросит про микрофон.',
  microphones: {
    unasked: 'Нужен микрофон', asking: 'Ответьте на вопрос браузера…', refused: 'Браузер не даёт микрофон. Разрешите его в адресной строке и нажмите ещё раз.',
    missing: 'Микрофон не найден. Подключите гарнитуру.', on: '',
  },
  insecure: 'Браузер даёт микрофон только страницам https. Спросите у администратора адрес с https.',
  keys: 'Клавиши', keysOn: 'Управлять клавишами', closeIt: 'Закрыть', keyTones: '0–9 * #', tones: 'Тоны в разговоре', help: 'Клавиши',
  ringTitle: (who) => `Звонок: ${who}`,
  faults: {
    'media-failed': 'Не удалось включить звук для звонка.',
    'hold-failed': 'Удержание не сработало.', 'speaker-failed': 'Этот динамик не подходит.', 'sip-refused': 'Сервер не принимает этот телефон. Пробуем снова.',
  },
};

export const WORDS = { en, ru };
