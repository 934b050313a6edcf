// The live page: who is signed in, the stream of events, and what is on the screen.
import { chooseLanguage, clock, currentLanguage, named, share, translate, word } from './words.js';
import { callTable, longest, longestIn, mood, operatorTable, queueTable, set, waitingIn } from './tables.js';

// The server speaks at least every 2 s.
const STALE_AFTER_MS = 5000;
const RECONNECT_MS = 2000;

const $ = (id) => document.getElementById(id);
const now = () => performance.now();

const board = { queues: new Map(), calls: new Map(), operators: new Map() };
const KEYS = { queues: 'name', calls: 'id', operators: 'id' };
let source = null;
let reconnect = 0;
let heardAt = null;
let person = null;
let passwordGiven = false;
let shownFault = null;

const showQueues = queueTable($('queues'), now);
const showCalls = callTable($('calls'), $('calls-more'), now);
const showOperators = operatorTable($('operators'), (operator) => board.calls.get(operator.call)?.caller, now);

// --- what is on the screen

function view(name) {
  document.body.dataset.view = name;
  for (const section of document.querySelectorAll('[data-for]')) section.hidden = section.dataset.for !== name;
  fault(null);
  if (name !== 'board') {
    document.querySelector(`[data-for="${name}"] input:not([hidden])`)?.focus();
  }
}

function render() {
  if (document.body.dataset.view !== 'board') return;
  const queues = [...board.queues.values()];
  const calls = [...board.calls.values()];
  const operators = [...board.operators.values()];
  showQueues(queues);
  showCalls(calls);
  showOperators(operators);
  tiles(queues, calls, operators);
  set($('calls-count'), String(calls.length));
  set($('operators-count'), String(operators.filter((o) => o.state !== 'offline').length));
  $('queues-empty').hidden = queues.length > 0;
  $('calls-empty').hidden = calls.length > 0;
  $('operators-empty').hidden = operators.length > 0;
}

function tiles(queues, calls, operators) {
  const tile = (name, value, sub, look = 'fine') => {
    set($(`tile-${name}`), value);
    set($(`tile-${name}-sub`), sub);
    const { dataset } = $(`tile-${name}`).parentElement;
    if (dataset.mood !== look) dataset.mood = look;
  };
  const waiting = queues.reduce((sum, queue) => sum + waitingIn(queue), 0);
  const inMenus = calls.filter((call) => call.stage === 'menu').length;
  tile('waiting', String(waiting), word('inMenus', inMenus));

  const waits = queues.map((queue) => ({ queue, wait: longestIn(queue, now()) })).filter(({ wait }) => wait);
  const wait = longest(waits.map(({ queue, wait }) => ({ queue, ...wait })));
  tile('longest', wait ? clock(wait.ms) : '–', wait ? word('inQueue', wait.queue.name) : word('nobody'), mood(wait));

  const promised = queues.filter((queue) => queue.p10 !== null);
  const lowest = promised.reduce((a, b) => (a && a.p10 <= b.p10 ? a : b), null);
  const p10Mood = !lowest ? 'fine' : lowest.p10 < 0.8 ? 'over' : lowest.p10 < 0.9 ? 'near' : 'fine';
  tile('p10', lowest ? share(lowest.p10) : '–', lowest ? word('lowest', lowest.name) : word('noFigures'), p10Mood);

  const stage = (name) => calls.filter((call) => call.stage === name).length;
  tile('talking', String(stage('talking')), word('ringingNow', stage('ringing')));

  const state = (name) => operators.filter((operator) => operator.state === name).length;
  const signedIn = operators.length - state('offline') - state('unreachable');
  const paused = state('paused');
  const sub = paused ? `${word('ofOperators', signedIn)}, ${word('pausedNow', paused)}` : word('ofOperators', signedIn);
  tile('ready', String(state('ready')), sub, waiting && !state('ready') ? 'near' : 'fine');
}

function header() {
  set($('who'), person ? `${person.user} · ${named('roles', person.role)}` : '');
  const age = heardAt === null ? null : now() - heardAt;
  const stale = person !== null && age !== null && age > STALE_AFTER_MS;
  const link = age === null ? 'waiting' : stale ? 'lost' : 'live';
  $('link').dataset.link = link;
  set($('link-text'), word({ waiting: 'connecting', lost: 'lost', live: 'live' }[link]));
  $('stale').hidden = !stale;
  document.body.classList.toggle('is-stale', stale);
  set($('stale'), stale ? word('stale', Math.floor(age / 1000)) : '');
}

function fault(key) {
  shownFault = key;
  for (const node of document.querySelectorAll('.fault')) set(node, key ? named('faults', key) : '');
}

// --- the stream

function take(kind, items, at) {
  for (const item of items ?? []) board[kind].set(item[KEYS[kind]], { ...item, at });
}

function onSnapshot(event) {
  const snapshot = JSON.parse(event.data);
  for (const kind of Object.keys(KEYS)) {
    board[kind].clear();
    take(kind, snapshot[kind], now());
  }
  $('draining').hidden = !snapshot.draining;
  $('disk').hidden = !snapshot.disk_nearly_full;
  heard();
}

function onChange(event) {
  const change = JSON.parse(event.data);
  for (const kind of Object.keys(KEYS)) {
    take(kind, change[kind], now());
    for (const key of change[`${kind}_gone`] ?? []) board[kind].delete(key);
  }
  if (change.draining !== undefined) $('draining').hidden = !change.draining;
  if (change.disk_nearly_full !== undefined) $('disk').hidden = !change.disk_nearly_full;
  heard();
}

function heard() {
  heardAt = now();
  header();
  render();
}

function connect() {
  disconnect();
  source = new EventSource('/api/v1/events');
  source.addEventListener('snapshot', onSnapshot);
  source.addEventListener('change', onChange);
  source.addEventListener('heartbeat', heard);
  // A browser reconnects by itself after a broken line, and gives up after a refusal: then we ask why.
  source.addEventListener('error', () => {
    if (source?.readyState === EventSource.CLOSED) {
      clearTimeout(reconnect);
      reconnect = setTimeout(start, RECONNECT_MS);
    }
  });
}

function disconnect() {
  clearTimeout(reconnect);
  source?.close();
  source = null;
}

// --- who is signed in

async function ask(method, route, body) {
  const options = { method, headers: {} };
  if (body) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(route, options);
  const json = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
  return { ok: answer.ok, status: answer.status, json };
}

async function start() {
  try {
    const { ok, status, json } = await ask('GET', '/api/v1/session');
    if (ok) return welcome(json);
    if (status === 401 || status === 403) return goodbye();
  } catch { /* the server is away: as below */ }
  if (person === null) header();
  reconnect = setTimeout(start, RECONNECT_MS);
}

function welcome(session) {
  person = session;
  view('board');
  header();
  render();
  connect();
}

function goodbye() {
  disconnect();
  person = null;
  heardAt = null;
  for (const kind of Object.keys(KEYS)) board[kind].clear();
  $('draining').hidden = true;
  $('disk').hidden = true;
  for (const form of document.forms) form.reset();
  view('login');
  header();
}

/** `given`: the password just typed was set by somebody else; it need not be typed twice. */
function toPassword(user, given) {
  passwordGiven = given !== null;
  const form = $('password');
  form.reset();
  form.elements.user.value = user;
  form.elements.password.value = given ?? '';
  set($('password-why'), word(passwordGiven ? 'passwordGiven' : 'passwordOwn'));
  view('password');
  form.elements[passwordGiven ? 'new_password' : 'password'].focus();
}

async function send(form, route, body) {
  fault(null);
  if (Object.values(body).some((value) => value === '')) return fault('empty');
  const button = form.querySelector('[type=submit]');
  button.disabled = true;
  try {
    const { ok, json } = await ask('POST', route, body);
    if (ok) {
      form.reset();
      welcome(json);
    } else if (json?.code === 'password-change-required') {
      toPassword(body.user, body.password);
    } else {
      const code = json?.code ?? 'other';
      fault(named('faults', code) === code ? 'other' : code);
    }
  } catch {
    fault('unreached');
  } finally {
    button.disabled = false;
  }
}

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const { user, password } = event.target.elements;
  send(event.target, '/api/v1/login', { user: user.value.trim(), password: password.value });
});

$('password').addEventListener('submit', (event) => {
  event.preventDefault();
  const { user, password, new_password: next, again } = event.target.elements;
  if (next.value !== again.value) return fault('differ');
  send(event.target, '/api/v1/password', {
    user: user.value.trim(), password: password.value, new_password: next.value,
  });
});

$('password-back').addEventListener('click', () => (person ? view('board') : goodbye()));
$('to-password').addEventListener('click', () => toPassword(person.user, null));
$('sign-out').addEventListener('click', async () => {
  try { await ask('POST', '/api/v1/logout'); } catch { /* the cookie stays; the form is shown all the same */ }
  goodbye();
});

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    chooseLanguage(button.dataset.language);
    speak();
  });
}

function speak() {
  translate(document);
  document.title = currentLanguage() === 'ru' ? 'Hotline · табло' : 'Hotline · board';
  set($('password-why'), word(passwordGiven ? 'passwordGiven' : 'passwordOwn'));
  fault(shownFault);
  header();
  render();
}

speak();
setInterval(() => { header(); render(); }, 1000);
start();
