// The three tables. Rows are kept and only what differs is written, so that nothing flickers, a selection stays, and a
// screen reader is not told what it knows. Everything is written as text.
import { clock, named, share, word } from './words.js';

// The promises by class, in seconds (the queue rules' targets).
export const TARGETS = { priority: 10, security: 30, agent_line: 60, standard: 300 };
const CLASS_ORDER = Object.keys(TARGETS);
const STAGE_ORDER = ['waiting', 'ringing', 'talking', 'menu'];
// More rows than anybody reads; the count above says how many there are.
const CALL_ROWS_MAX = 200;

/** Writes a text where it differs. */
export function set(node, text) {
  const next = text ?? '';
  if (node.textContent !== next) node.textContent = next;
}

function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** A table body whose rows follow a list of items. */
function rows(body, key, build) {
  const known = new Map();
  return (items) => {
    const here = new Set(items.map(key));
    for (const [id, row] of known) {
      if (!here.has(id)) {
        row.node.remove();
        known.delete(id);
      }
    }
    let next = body.firstElementChild;
    for (const item of items) {
      const id = key(item);
      let row = known.get(id);
      if (!row) {
        row = build();
        known.set(id, row);
      }
      row.update(item);
      if (row.node === next) next = next.nextElementSibling;
      else body.insertBefore(row.node, next);
    }
  };
}

/** How long something has lasted, counted on from when it was told. */
export const lasted = (item, now) => item.since_ms + (now - item.at);

export function queueTable(body, now) {
  return rows(body, (queue) => queue.name, () => {
    const name = make('th', 'name');
    name.scope = 'row';
    const total = make('span', 'total');
    const chips = make('span', 'chips');
    const chip = new Map(CLASS_ORDER.map((name) => {
      const [label, count, late] = [make('span'), make('b'), make('i')];
      const node = make('span', `chip ${name}`, label, count, late);
      node.hidden = true;
      chips.append(node);
      return [name, { node, label, count, late }];
    }));
    const wait = make('span', 'time');
    const bar = make('span', 'wait-bar');
    bar.setAttribute('aria-hidden', 'true');
    const cells = ['p10', 'level', 'expected', 'ready', 'talking', 'paused', 'reserve'].map(() => make('td', 'number'));
    const waiting = make('td', '', make('div', 'waiting', total, chips));
    const node = make('tr', '', name, waiting, make('td', 'longest', wait, bar), ...cells);
    return {
      node,
      update(queue) {
        set(name, queue.name);
        set(total, String(waitingIn(queue)));
        mark(total, 'none', String(waitingIn(queue) === 0));
        const waits = waitsIn(queue, now());
        for (const [name, { node, label, count, late }] of chip) {
          const n = queue.waiting[name] ?? 0;
          const wait = waits.find((wait) => wait.name === name);
          node.hidden = n === 0;
          set(label, named('classes', name));
          set(count, String(n));
          // A class over its promise shows by how much, even where another class waits longer within its own.
          const over = wait !== undefined && wait.share > 1;
          mark(node, 'wait', over ? 'over' : 'fine');
          set(late, over ? clock(wait.ms) : '');
        }
        const longest = longestIn(queue, now());
        set(wait, longest ? clock(longest.ms) : '–');
        mark(wait, 'wait', mood(longest));
        bar.hidden = !longest;
        bar.style.setProperty('--full', Math.min(1, longest?.share ?? 0).toFixed(3));
        mark(node, 'wait', mood(longest));
        const { operators } = queue;
        const values = [
          share(queue.p10), share(queue.service_level),
          queue.expected_wait_s === null ? '–' : clock(queue.expected_wait_s * 1000),
          String(operators.ready), String(operators.talking), String(operators.paused), String(queue.reserve),
        ];
        cells.forEach((cell, i) => {
          set(cell, values[i]);
          mark(cell, 'none', String(values[i] === '0' || values[i] === '–'));
        });
      },
    };
  });
}

export const waitingIn = (queue) => Object.values(queue.waiting).reduce((sum, n) => sum + n, 0);

/** The longest wait of each class now, and the share of the class's target that it has used up. */
function waitsIn(queue, now) {
  return Object.entries(queue.longest_by_class_s)
    .filter(([name]) => (queue.waiting[name] ?? 0) > 0)
    .map(([name, seconds]) => {
      const ms = seconds * 1000 + (now - queue.at);
      return { name, ms, share: ms / 1000 / (TARGETS[name] ?? TARGETS.standard) };
    });
}

/** The longest of them; none while nobody waits. */
export const longestIn = (queue, now) => longest(waitsIn(queue, now));

export const longest = (waits) => waits.reduce((a, b) => (a && a.ms >= b.ms ? a : b), undefined);

/** How a wait looks beside its promise. */
export const mood = (wait) => (!wait || wait.share <= 0.7 ? 'fine' : wait.share > 1 ? 'over' : 'near');

export function callTable(body, more, now) {
  const show = rows(body, (call) => call.id, () => {
    const caller = make('th', 'name');
    caller.scope = 'row';
    const badge = make('span');
    const stage = make('span', 'stage');
    const [queue, step, operator] = [make('td'), make('td', 'step'), make('td')];
    const since = make('td', 'number time');
    const node = make('tr', '', caller, make('td', '', badge), make('td', '', stage), queue, step, operator, since);
    return {
      node,
      update(call) {
        set(caller, call.caller || word('withheld'));
        const kind = CLASS_ORDER.includes(call.class) ? call.class : 'standard';
        if (badge.className !== `chip ${kind}`) badge.className = `chip ${kind}`;
        set(badge, named('classes', call.class));
        mark(stage, 'stage', call.stage);
        set(stage, named('stages', call.stage));
        set(queue, call.queue ?? '–');
        set(step, call.step);
        if (step.title !== call.step) step.title = call.step;
        set(operator, call.operator ?? '–');
        const ms = lasted(call, now());
        set(since, clock(ms));
        const target = (TARGETS[call.class] ?? TARGETS.standard) * 1000;
        mark(since, 'wait', call.stage === 'waiting' && ms > target ? 'over' : 'fine');
      },
    };
  });
  const rank = (list, value) => (list.indexOf(value) + list.length + 1) % (list.length + 1);
  return (calls) => {
    const sorted = [...calls].sort((a, b) =>
      rank(STAGE_ORDER, a.stage) - rank(STAGE_ORDER, b.stage)
      || (a.stage === 'waiting' ? rank(CLASS_ORDER, a.class) - rank(CLASS_ORDER, b.class) : 0)
      || (a.at - a.since_ms) - (b.at - b.since_ms)
      || (a.id < b.id ? -1 : 1));
    show(sorted.slice(0, CALL_ROWS_MAX));
    more.hidden = sorted.length <= CALL_ROWS_MAX;
    set(more, more.hidden ? '' : word('more', sorted.length - CALL_ROWS_MAX));
  };
}

export function operatorTable(body, callOf, now) {
  const show = rows(body, (operator) => operator.id, () => {
    const name = make('th', 'name');
    name.scope = 'row';
    const state = make('span', 'state');
    const note = make('span', 'note');
    const call = make('td');
    const since = make('td', 'number time');
    const node = make('tr', '', name, make('td', '', state, note), call, since);
    return {
      node,
      update(operator) {
        set(name, operator.name || operator.id);
        if (name.title !== operator.id) name.title = operator.id;
        mark(state, 'state', operator.state);
        set(state, named('states', operator.state));
        const reason = operator.state === 'paused' && operator.reason ? named('reasons', operator.reason) : '';
        set(note, operator.next ? `→ ${named('states', operator.next).toLowerCase()}` : reason);
        const hint = operator.next ? `${named('states', operator.next)}: ${word('afterCall')}` : reason;
        if (note.parentElement.title !== hint) note.parentElement.title = hint;
        set(call, callOf(operator) || '–');
        set(since, clock(lasted(operator, now())));
        mark(node, 'off', String(operator.state === 'offline'));
      },
    };
  });
  return (operators) => show([...operators].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })));
}
