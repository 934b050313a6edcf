import { render } from 'preact';
import { Desk } from './desk';
import { busy } from './state';
import { App } from './view/app';
import '../shared/base.css';
import './desk.css';

const desk = new Desk();
const place = document.getElementById('page');
if (place) render(<App desk={desk} />, place);
window.addEventListener('beforeunload', (event) => {
  if (busy(desk.store.state)) event.preventDefault();
});
void desk.begin();
