import '../shared/base.css';
import { startPage } from '../shared/page';
import './admin.css';
import { Admin } from './view/admin';
import { WORDS } from './words';

startPage({ name: 'admin', title: { en: WORDS.en.title, ru: WORDS.ru.title }, roles: ['admin'], view: Admin });
