import '../shared/base.css';
import { startPage } from '../shared/page';
import './tickets.css';
import { Tickets } from './view/tickets';
import { WORDS } from './words';

startPage({ name: 'tickets', title: { en: WORDS.en.title, ru: WORDS.ru.title }, roles: ['operator', 'supervisor', 'admin'], view: Tickets });
