import '../shared/base.css';
import { startPage } from '../shared/page';
import './calls.css';
import { Calls } from './view/calls';
import { WORDS } from './words';

startPage({ name: 'calls', title: { en: WORDS.en.title, ru: WORDS.ru.title }, roles: ['supervisor', 'admin', 'viewer'], view: Calls });
