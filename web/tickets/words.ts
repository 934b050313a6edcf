// The words of the tickets' page.
import { useWordsOf } from '../shared/words';

const en = {
  title: 'Tickets', tickets: 'Tickets', messages: 'Messages', none: 'No tickets.', noMessages: 'No messages.', number: 'No.', status: 'Status', created: 'Created', changed: 'Changed', kinds: { status: 'Status:', note: 'Note:', reply: 'Reply:' } as Record<string, string>, caller: 'Number', subject: 'Subject', kind: 'Topic', email: 'E-mail', call: 'Call', note: 'Add a note', back: 'All tickets',
  statuses: { open: 'open', waiting: 'waiting', done: 'done' } as Record<string, string>, lists: { open: 'Open', waiting: 'Waiting', done: 'Done', '': 'All' } as Record<string, string>,
  work: 'Work on it', reply: 'Reply by e-mail', replyTo: (to: string) => `To ${to}`, text: 'Text', send: 'Send', sent: 'The reply was sent.', noEmail: 'The applicant left no e-mail address.', saved: 'Saved.', callHim: 'Call the applicant', history: 'History', length: 'Length', listen: (name: string) => `Listen: ${name}`,
  faultsTitle: 'That did not work.',
  /** Of the shipped flows; others are shown as their flows name them. */
  names: { payment_not_arrived: 'payment not arrived', mistaken_payment: 'mistaken payment', fraud: 'fraud', payment: 'payment', receipt: 'receipt', terminal: 'terminal', intended: 'meant for', wrong: 'went to', message: 'message', yes: 'yes', no: 'no' } as Record<string, string>,
};
export type TicketWords = typeof en;
const ru: TicketWords = {
  title: 'Заявки', tickets: 'Заявки', messages: 'Сообщения', none: 'Заявок нет.', noMessages: 'Сообщений нет.', number: '№', status: 'Состояние', created: 'Создана', changed: 'Изменена', kinds: { status: 'Состояние:', note: 'Заметка:', reply: 'Ответ:' }, caller: 'Номер', subject: 'Тема', kind: 'Тема обращения', email: 'Почта', call: 'Звонок', note: 'Добавить заметку', back: 'Все заявки',
  statuses: { open: 'открыта', waiting: 'ждёт ответа', done: 'закрыта' }, lists: { open: 'Открытые', waiting: 'Ждут ответа', done: 'Закрытые', '': 'Все' },
  work: 'Работа', reply: 'Ответ по почте', replyTo: (to) => `Кому: ${to}`, text: 'Текст', send: 'Отправить', sent: 'Ответ отправлен.', noEmail: 'Заявитель не оставил адреса почты.', saved: 'Сохранено.', callHim: 'Позвонить заявителю', history: 'История', length: 'Длина', listen: (name) => `Слушать: ${name}`,
  faultsTitle: 'Не получилось.',
  names: { payment_not_arrived: 'платёж не дошёл', mistaken_payment: 'ошибочный платёж', fraud: 'мошенничество', payment: 'Платёж', receipt: 'Чек', terminal: 'Терминал', intended: 'Кому хотели', wrong: 'Кому ушло', message: 'Сообщение', yes: 'есть', no: 'нет' },
};
export const WORDS = { en, ru };
export const useWords = (): TicketWords => useWordsOf(WORDS);
