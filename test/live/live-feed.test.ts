import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Actor, createActor, setup } from 'xstate';
import { createLiveFeed, type LiveFeed } from '../../src/live/live-feed.ts';
import type { FollowLogs } from '../../src/live/log-looks.ts';
import type { LiveMessage, LogNews, News, Standing } from '../../src/live/messages.ts';
import { startWebServer, type WebServer } from '../../src/web/server.ts';

const PATIENCE = { timeout: 10_000, interval: 5 };
const machine = setup({ types: { events: {} as { type: 'flip' } } }).createMachine({
  id: 'switch',
  initial: 'on',
  states: { on: { on: { flip: 'off' } }, off: { on: { flip: 'on' } } },
});

let root: Actor<typeof machine>;
let live: LiveFeed;
let server: WebServer;
let uptimeSeconds = 0;
let jobs = 0;
const logListeners = new Set<Parameters<FollowLogs>[0]>();
const faults: unknown[] = [];
const viewers: WebSocket[] = [];

async function start(
  standing = (): Standing => ({ status: { uptimeSeconds, jobs } as never, today: null, disk: null }),
) {
  root = createActor(machine, { id: 'supervisor' }).start();
  live = createLiveFeed({
    ...{ root, machines: 'none', standing },
    redact: (text) => text,
    logs: (listener) => {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
    onFault: (error) => faults.push(error),
  });
  server = await startWebServer({ port: 0, routes: [], feeds: [live.feed], onFault: (e) => faults.push(e) });
}
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.terminate();
  await server.close();
  live.stop();
  root.stop();
  faults.length = 0;
});

async function view() {
  const messages: News[] = [];
  const logs: LogNews[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/live`);
  viewers.push(socket);
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as LiveMessage;
    if (message.type === 'log') logs.push(message);
    else messages.push(message);
  });
  await once(socket, 'open');
  const until = (fits: (message: News) => boolean) =>
    vi.waitFor(() => {
      const found = messages.find(fits);
      if (!found) throw new Error(`not among ${messages.length} messages`);
      return found;
    }, PATIENCE);
  return { socket, messages, logs, until };
}

const isGreeting = ({ type }: News) => type === 'greeting';

test('a viewer is greeted with everything, then told what changes, by number', async () => {
  await start();
  root.send({ type: 'flip' });
  const viewer = await view();
  const greeting = await viewer.until(isGreeting);
  expect(greeting).toMatchObject({
    machines: 'none',
    standing: { today: null },
    begun: [{ name: 'supervisor', chart: 'switch' }],
  });
  expect(greeting.begun?.[0]?.steps.at(-1)?.value).toBe('off');
  root.send({ type: 'flip' });
  const news = await viewer.until(({ moved }) => moved !== undefined);
  expect(news).toMatchObject({ type: 'news', moved: [{ id: root.sessionId, steps: [{ value: 'on' }] }] });
  expect(news.number).toBeGreaterThan(greeting.number);
  expect(faults).toEqual([]);
});

test('one that missed something asks for a greeting, and gets it alone', async () => {
  await start();
  const [one, other] = [await view(), await view()];
  await Promise.all([one.until(isGreeting), other.until(isGreeting)]);
  one.socket.send('greet');
  await vi.waitFor(() => expect(one.messages.filter(isGreeting)).toHaveLength(2), PATIENCE);
  expect(other.messages.filter(isGreeting)).toHaveLength(1);
  one.socket.send('something else');
  root.send({ type: 'flip' });
  await one.until(({ moved }) => moved !== undefined);
  expect(one.messages.filter(isGreeting)).toHaveLength(2);
});

test('one that reads slowly gets the greeting that it waits for later', async () => {
  let text = '';
  await start(() => ({ status: { text } as never, today: null, disk: null }));
  const viewer = await view();
  await viewer.until(isGreeting);
  // these news alone are more than is kept for a viewer
  text = 'x'.repeat(24 * 1024 * 1024);
  viewer.socket.send('greet');
  const isLong = ({ standing }: News) => (standing?.status as { text?: string } | undefined)?.text !== '';
  await viewer.until((message) => message.standing !== undefined && isLong(message));
  text = '';
  root.send({ type: 'flip' });
  await vi.waitFor(() => expect(viewer.messages.filter(isGreeting)).toHaveLength(2), PATIENCE);
});

test('how things stand is told when it has changed; that time goes by is no change', async () => {
  await start();
  const viewer = await view();
  await viewer.until(isGreeting);
  uptimeSeconds += 1;
  root.send({ type: 'flip' });
  const quiet = await viewer.until(({ type, moved }) => type === 'news' && moved !== undefined);
  expect(quiet.standing).toBeUndefined();
  jobs += 1;
  root.send({ type: 'flip' });
  const isNew = ({ standing }: News) => (standing?.status as { jobs?: number } | undefined)?.jobs === 1;
  expect(await viewer.until(isNew)).toMatchObject({ type: 'news' });
});

test('a burst is told in a few messages, and ends with the truth', async () => {
  await start();
  const viewer = await view();
  await viewer.until(isGreeting);
  for (let each = 0; each < 20_001; each += 1) root.send({ type: 'flip' });
  await viewer.until(({ moved }) => moved?.[0]?.steps.at(-1)?.value === 'off');
  expect(viewer.messages.filter(({ moved }) => moved).length).toBeLessThan(20);
  expect(
    viewer.messages
      .flatMap(({ moved = [] }) => moved)
      .at(-1)
      ?.steps.at(-1)?.value,
  ).toBe('off');
});

test('what cannot be told is told once to the log, and touches no actor', async () => {
  await start(() => {
    throw new Error('planted');
  });
  await view();
  for (let each = 0; each < 5; each += 1) root.send({ type: 'flip' });
  await vi.waitFor(() => expect(faults).toHaveLength(1), PATIENCE);
  expect(root.getSnapshot()).toMatchObject({ status: 'active', value: 'off' });
});

test('the log of a job goes to those that look at it, together and bounded, and is heard for nobody else', async () => {
  await start();
  const [one, other] = [await view(), await view()];
  await Promise.all([one.until(isGreeting), other.until(isGreeting)]);
  expect(logListeners.size).toBe(0);
  one.socket.send('look run-1');
  one.socket.send('look run-1 run-2');
  await vi.waitFor(() => expect(logListeners.size).toBe(1), PATIENCE);
  const say = (runId: string, number: number) => {
    for (const listener of logListeners)
      listener(runId, number, { atMs: number, level: 30, message: `line ${number}`, facts: {} });
  };
  for (let number = 1; number <= 1_000; number += 1) say('run-1', number);
  say('run-2', 1);
  const lastTold = () => one.logs.at(-1)?.lines.at(-1);
  await vi.waitFor(() => expect(lastTold()?.number).toBe(1_000), PATIENCE);
  const told = one.logs;
  expect(told.map(({ runId }) => runId)).toEqual(told.map(() => 'run-1'));
  expect(told.flatMap(({ lines }) => lines).length).toBeLessThanOrEqual(100);
  expect(lastTold()).toEqual({ number: 1_000, atMs: 1_000, level: 30, message: 'line 1000', facts: {} });
  expect(other.logs).toEqual([]);
  one.socket.send('look');
  await vi.waitFor(() => expect(logListeners.size).toBe(0), PATIENCE);
  one.socket.send('look run-1');
  await vi.waitFor(() => expect(logListeners.size).toBe(1), PATIENCE);
  one.socket.terminate();
  await vi.waitFor(() => expect(logListeners.size).toBe(0), PATIENCE);
});
