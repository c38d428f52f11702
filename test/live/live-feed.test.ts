import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Actor, createActor, setup } from 'xstate';
import { createLiveFeed, type LiveFeed } from '../../src/live/live-feed.ts';
import type { LiveMessage, Standing } from '../../src/live/messages.ts';
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
const faults: unknown[] = [];
const viewers: WebSocket[] = [];

async function start(
  standing = (): Standing => ({ status: { uptimeSeconds, jobs } as never, today: null, freeDiskBytes: null }),
) {
  root = createActor(machine, { id: 'supervisor' }).start();
  live = createLiveFeed({
    ...{ root, machines: 'none', standing },
    redact: (text) => text,
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
  const messages: LiveMessage[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/live`);
  viewers.push(socket);
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await once(socket, 'open');
  const until = (fits: (message: LiveMessage) => boolean) =>
    vi.waitFor(() => {
      const found = messages.find(fits);
      if (!found) throw new Error(`not among ${messages.length} messages`);
      return found;
    }, PATIENCE);
  return { socket, messages, until };
}

const isGreeting = ({ type }: LiveMessage) => type === 'greeting';

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
  const isNew = ({ standing }: LiveMessage) =>
    (standing?.status as { jobs?: number } | undefined)?.jobs === 1;
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
