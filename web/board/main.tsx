import '../shared/base.css';
import { startPage } from '../shared/page';
import './board.css';
import { Board } from './view/board';
import { WORDS } from './words';

startPage({
  name: 'board',
  title: { en: WORDS.en.title, ru: WORDS.ru.title },
  roles: ['viewer', 'operator', 'supervisor', 'admin', 'api'],
  view: Board,
  bare: new URLSearchParams(location.search).has('wall'),
});
