/**
 * The page's own program, for browsers. Names come from bundles and from the hub: they are set as text, never as
 * HTML. It asks for nothing but the WebSocket it was served with, and opens it again when it breaks.
 */
export const pageScript = `
'use strict';
const actors = new Map(), events = [];
const MAX_EVENTS = 100;
let connected = false, due = false;
const closed = new Set();
function forget(id) { actors.delete(id); closed.delete(id); }

function el(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}
function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; facts(); jobs(); charts(); list(); });
}
function hear(message) {
  const known = actors.get(message.sessionId);
  if (message.type === '@xstate.actor') {
    let definition;
    try { definition = JSON.parse(message.definition); } catch {}
    actors.set(message.sessionId, { ...message, definition });
  } else if (message.type === '@xstate.snapshot') {
    if (message.snapshot.status !== 'active') forget(message.sessionId);
    else if (known) known.snapshot = message.snapshot;
  } else if (message.type === '@xstate.event') {
    if (message.event.type.startsWith('xstate.error.actor.')) forget(message.sourceId);
    events.unshift({ at: new Date(Number(message.createdAt)), to: known ? known.name : message.sessionId, event: message.event });
    events.length = Math.min(events.length, MAX_EVENTS);
  }
  draw();
}
function paths(value, above = '') {
  if (typeof value === 'string') return [above + value];
  if (!value || typeof value !== 'object') return [];
  const inner = Object.entries(value);
  return inner.flatMap(([name, v]) => v && typeof v === 'object' && !Object.keys(v).length
    ? [above + name] : paths(v, above + name + '.'));
}
const byName = (test) => [...actors.values()].filter((actor) => test(actor.name));
const childOf = (actor, name) => [...actors.values()].find((a) => a.parentId === actor.sessionId && a.name === name);
const stateText = (actor) => actor && actor.snapshot ? paths(actor.snapshot.value).join('  ') : '';

function facts() {
  const root = byName((name) => name === 'supervisor')[0];
  const hub = byName((name) => name === 'hub')[0];
  const context = (root && root.snapshot && root.snapshot.context) || {};
  const serving = (root && root.snapshot && root.snapshot.value && root.snapshot.value.serving) || {};
  const count = Object.entries(context.concluded || {}).map(([k, v]) => v + ' ' + k).join(', ');
  const shown = { page: connected ? 'live' : 'not connected', link: serving.link || '-', hub: stateText(hub) || '-',
    work: typeof serving.work === 'string' ? serving.work : stateText(root) || '-',
    slots: (context.runs || []).filter((r) => r.holdsSlot).length + ' of ' + (context.maxConcurrent ?? '?'),
    jobs: count || '-', leaked: (context.leaked || []).length };
  document.getElementById('facts').replaceChildren(...Object.entries(shown).map(([name, value]) => {
    const pair = el('div');
    pair.append(el('dt', name), el('dd', String(value)));
    return pair;
  }));
}
function jobs() {
  const runs = byName((name) => name.startsWith('run.'));
  const cards = runs.map((run) => {
    const { context = {}, value } = run.snapshot || {};
    const card = el('div', undefined, 'job'), vm = childOf(run, 'vm');
    const { job, stage, failure } = context;
    card.append(el('strong', (job && job.appName) || context.jobId || run.name), el('small', [job && job.target, context.jobId].filter(Boolean).join(' · ')));
    const bar = el('progress');
    bar.max = 100;
    if (stage) bar.value = stage.percent;
    card.append(bar, el('p', stage ? stage.name + ': ' + stage.message + ' (' + stage.percent + '%)' : 'not begun'));
    card.append(el('p', paths(value).join('\\n'), 'state lit'), el('p', 'machine: ' + (vm ? context.vm.name + ' ' + stateText(vm) : 'none')));
    if (failure) card.append(el('p', failure.code + ': ' + failure.summary, 'bad'));
    return card;
  });
  document.getElementById('jobs').replaceChildren(...(cards.length ? cards : [el('p', 'No job is here.')]));
}
function stateBox(name, node, value) {
  const lit = value !== undefined, box = el('div', undefined, lit ? 'state lit' : 'state');
  const label = el('span', name);
  if (node.description) box.title = node.description;
  box.append(label);
  if (node.states) box.append(boxes(node, lit ? value : undefined));
  return box;
}
function boxes(node, value) {
  const row = el('div', undefined, 'states');
  for (const [name, inner] of Object.entries(node.states)) {
    const below = typeof value === 'string' ? (value === name ? '' : undefined) : value ? value[name] : undefined;
    row.append(stateBox(name, inner, below));
  }
  return row;
}
function charts() {
  const machines = [...actors.values()].filter((a) => a.definition && a.definition.states);
  document.getElementById('charts').replaceChildren(...machines.map((actor) => {
    const box = el('details'), summary = el('summary');
    box.open = !closed.has(actor.sessionId);
    summary.append(el('code', actor.name + '  '), el('small', stateText(actor)));
    summary.addEventListener('click', () => void (box.open ? closed.add(actor.sessionId) : closed.delete(actor.sessionId)));
    box.append(summary, boxes(actor.definition, actor.snapshot && actor.snapshot.value));
    return box;
  }));
}
function list() {
  document.getElementById('events').replaceChildren(...events.map(({ at, to, event }) => {
    const { type, ...rest } = event, more = Object.keys(rest).length ? ' ' + JSON.stringify(rest).slice(0, 300) : '';
    return el('li', at.toLocaleTimeString() + '  ' + to + '  ' + type + more);
  }));
}
function open() {
  const socket = new WebSocket('ws://' + location.host + '/');
  socket.onopen = () => { connected = true; actors.clear(); events.length = 0; draw(); };
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = () => { connected = false; draw(); AbortSignal.timeout(2000).onabort = open; };
}
open();
draw();
`;
