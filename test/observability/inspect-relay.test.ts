import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type AnyActorRef, assign, createActor, type ErrorActorEvent, fromPromise, setup } from 'xstate';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { createInspectRelay, type InspectRelayOptions } from '../../src/observability/inspect-relay.ts';
import { packageRoot } from '../../src/package-root.ts';
import { assetsOf } from '../../src/web/assets.ts';
import { startWebServer } from '../../src/web/server.ts';

const SECRET = 'hunter2-in-plain-sight';
const PATIENCE = { timeout: 10_000, interval: 2 };

/** A child that holds what no machine of ours may hold, and a parent that spawns and forgets it. */
const childMachine = setup({
  types: {
    context: {} as { jobId: string; password: string; stage: object },
    events: {} as { type: 'end' | 'break' },
  },
  actors: { work: fromPromise(() => new Promise(() => {})) },
}).createMachine({
  id: 'child',
  context: {
    jobId: 'job-1',
    password: 'hunter2-in-context',
    stage: { name: 'signing', token: 'hunter2-nested', percent: 40 },
  },
  initial: 'working',
  states: {
    working: {
      description: 'Works.',
      invoke: { src: 'work' },
      on: {
        end: 'ended',
        break: {
          actions: () => {
            throw new Error('hunter2-in-an-error');
          },
        },
      },
    },
    ended: { type: 'final' },
  },
});

const parentMachine = setup({
  types: {
    context: {} as { count: number },
    events: {} as
      | { type: 'spawn' | 'tick' }
      | { type: 'note'; line: string; secret: string }
      | ErrorActorEvent<unknown, string>,
  },
  actors: { child: childMachine },
}).createMachine({
  id: 'parent',
  context: { count: 0 },
  initial: 'idle',
  states: {
    idle: {
      description: 'Waits.',
      on: {
        spawn: {
          actions: assign(({ context, spawn }) => {
            spawn('child', { id: `run.${context.count}` });
            return { count: context.count + 1 };
          }),
        },
        tick: { actions: assign({ count: ({ context }) => context.count + 1 }) },
        note: {},
        'xstate.error.actor.*': {},
      },
    },
  },
});

type Message = Record<string, unknown> & {
  type: string;
  sessionId: string;
  name?: string;
  event?: { type: string };
  snapshot?: { value?: unknown; context?: unknown; status?: string };
};

let served: Awaited<ReturnType<typeof serve>> | undefined;
const viewers: WebSocket[] = [];
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.terminate();
  await served?.stop();
  served = undefined;
});

/** The page and the relay, as the daemon puts them together. */
async function serve(root: AnyActorRef, options: Partial<InspectRelayOptions> & { port?: number } = {}) {
  const redactor = createRedactor();
  redactor.add('run', [SECRET]);
  const relay = createInspectRelay({ root, redact: redactor.ofAnyJob, onFault: () => {}, ...options });
  const server = await startWebServer({
    port: options.port ?? 0,
    routes: assetsOf(join(packageRoot(), 'dist/page')),
    feeds: [relay.feed],
    onFault: () => {},
  });
  const stop = async () => {
    await server.close();
    relay.stop();
  };
  return { port: server.port, stop };
}

const start = async (root: AnyActorRef, options: Partial<InspectRelayOptions> = {}) => {
  served = await serve(root, options);
  return served;
};

async function view(port: number, headers: Record<string, string> = {}) {
  const texts: string[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers });
  viewers.push(socket);
  socket.on('message', (data) => texts.push(String(data)));
  await once(socket, 'open');
  const messages = (): Message[] => texts.map((text) => JSON.parse(text));
  const until = (fits: (message: Message) => boolean): Promise<Message> =>
    vi.waitFor(() => {
      const found = messages().find(fits);
      if (!found) throw new Error(`not among ${texts.length} messages`);
      return found;
    }, PATIENCE);
  return { texts, messages, until };
}

const actorNamed = (name: string) => (message: Message) =>
  message.type === '@xstate.actor' && message.name === name;

describe('the inspector', () => {
  test('shows actors, events and snapshots of a living system in the format of its viewers', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' });
    const { port } = await start(root);
    const viewer = await view(port);
    root.start();
    root.send({ type: 'spawn' });
    const child = await viewer.until(actorNamed('run.0'));
    expect(child).toMatchObject({ parentId: root.sessionId, rootId: root.sessionId, _version: '0.7.2' });
    expect(JSON.parse(child.definition as string)).toMatchObject({
      id: 'child',
      states: { working: { description: 'Works.' } },
    });
    await viewer.until(({ type, event }) => type === '@xstate.event' && event?.type === 'spawn');
    const snapshot = await viewer.until(
      (message) => message.type === '@xstate.snapshot' && message.sessionId === child.sessionId,
    );
    expect(snapshot.snapshot).toMatchObject({
      status: 'active',
      value: 'working',
      context: { jobId: 'job-1', stage: { name: 'signing', percent: 40 } },
    });
    root.stop();
  });

  test('tells a late viewer of all that live, and of none that has ended or broken', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' }).start();
    root.send({ type: 'spawn' });
    const { port } = await start(root);
    const early = await view(port);
    for (let more = 0; more < 3; more += 1) root.send({ type: 'spawn' });
    const children = root.getSnapshot().children as Record<string, AnyActorRef>;
    children['run.1']?.send({ type: 'end' });
    children['run.2']?.send({ type: 'break' });
    await early.until(({ event }) => event?.type === 'xstate.error.actor.run.2');
    const late = await view(port);
    await late.until(actorNamed('run.3'));
    const names = late.messages().flatMap(({ type, name }) => (type === '@xstate.actor' ? [name] : []));
    expect(names.filter((name) => !name?.includes(':') && !name?.includes('work'))).toEqual([
      'supervisor',
      'run.0',
      'run.3',
    ]);
    root.stop();
  });

  test('looks at nothing while nobody watches, and tells whoever comes then of all that live', async () => {
    let looks = 0;
    const root = createActor(parentMachine, { id: 'supervisor' }).start();
    const { port } = await start(root, {
      redact: (text) => {
        looks += 1;
        return text;
      },
    });
    root.send({ type: 'note', line: 'a line', secret: '' });
    expect(looks).toBe(0);
    const first = await view(port);
    await first.until(actorNamed('supervisor'));
    root.send({ type: 'note', line: 'a line', secret: '' });
    expect(looks).toBeGreaterThan(0);
    const left = once(viewers[0] as WebSocket, 'close');
    viewers[0]?.close();
    await left;
    await vi.waitFor(() => {
      looks = 0;
      root.send({ type: 'note', line: 'a line', secret: '' });
      expect(looks).toBe(0);
    }, PATIENCE);
    root.send({ type: 'spawn' });
    const second = await view(port);
    await second.until(actorNamed('run.0'));
    root.stop();
  });

  test('lets no secret out: not from contexts, events, errors, nor from a line that holds a known one', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' });
    const { port } = await start(root);
    const viewer = await view(port);
    root.start();
    root.send({ type: 'spawn' });
    root.send({ type: 'note', line: `signing with ${SECRET}`, secret: 'hunter2-in-an-event' });
    (root.getSnapshot().children as Record<string, AnyActorRef>)['run.0']?.send({ type: 'break' });
    await viewer.until(({ event }) => event?.type === 'xstate.error.actor.run.0');
    const note = await viewer.until(({ type, event }) => type === '@xstate.event' && event?.type === 'note');
    expect(note.event).toEqual({ type: 'note', line: 'signing with [redacted]' });
    const late = await view(port);
    await late.until(actorNamed('supervisor'));
    expect([...viewer.texts, ...late.texts].join('\n')).not.toContain('hunter2');
    root.stop();
  });

  test('a redactor that throws touches no actor, and is told once', async () => {
    const faults: unknown[] = [];
    const root = createActor(parentMachine, { id: 'supervisor' });
    const redact = () => {
      throw new Error('planted');
    };
    const { port } = await start(root, { redact, onFault: (error) => faults.push(error) });
    await view(port);
    root.start();
    for (let notes = 0; notes < 20; notes += 1) root.send({ type: 'note', line: 'a line', secret: '' });
    for (let ticks = 0; ticks < 20; ticks += 1) root.send({ type: 'tick' });
    expect(root.getSnapshot()).toMatchObject({ status: 'active', context: { count: 20 } });
    await vi.waitFor(() => expect(faults).toHaveLength(1), PATIENCE);
    root.send({ type: 'tick' });
    expect(root.getSnapshot().context.count).toBe(21);
    root.stop();
  });

  test('what cannot be looked at touches no actor', async () => {
    const faults: unknown[] = [];
    const root = createActor(parentMachine, { id: 'supervisor' }).start();
    const { port } = await start(root, { onFault: (error) => faults.push(error) });
    await view(port);
    const trap = {
      type: 'note' as const,
      get line(): string {
        throw new Error('planted');
      },
      secret: '',
    };
    root.send(trap);
    root.send({ type: 'tick' });
    expect(root.getSnapshot()).toMatchObject({ status: 'active', context: { count: 1 } });
    expect(faults).toHaveLength(1);
    root.stop();
  });

  test('a burst leaves things out but ends with the truth', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' });
    const { port } = await start(root);
    const viewer = await view(port);
    root.start();
    for (let ticks = 0; ticks < 20_000; ticks += 1) root.send({ type: 'tick' });
    await viewer.until(
      ({ type, snapshot }) =>
        type === '@xstate.snapshot' && (snapshot?.context as { count?: number })?.count === 20_000,
    );
    expect(viewer.texts.length).toBeLessThan(5_000);
    root.stop();
  });

  test('is closed by stop, and sees nothing any more', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' }).start();
    const { port, stop } = await start(root);
    const viewer = await view(port);
    await viewer.until(actorNamed('supervisor'));
    const closed = once(viewers[0] as WebSocket, 'close');
    await stop();
    served = undefined;
    await closed;
    root.send({ type: 'tick' });
    await setImmediate();
    await expect(view(port)).rejects.toThrow();
    root.stop();
  });

  test('a port in use is an error, not an exception out of nowhere', async () => {
    const root = createActor(parentMachine, { id: 'supervisor' }).start();
    const { port } = await start(root);
    const second = serve(root, { port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    root.stop();
  });
});

const page = (port: number, headers: Record<string, string>, path = '/') =>
  new Promise<{ status: number | undefined; text: string; policy: string }>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          text: Buffer.concat(parts).toString(),
          policy: String(response.headers['content-security-policy']),
        }),
      );
    }).on('error', reject);
  });

describe('who may watch', () => {
  const anyRoot = () => createActor(parentMachine, { id: 'supervisor' }).start();

  test('a browser that was told a loopback name gets the page, which loads nothing from elsewhere', async () => {
    const { port } = await start(anyRoot());
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      const { status, text, policy } = await page(port, { host });
      expect(status).toBe(200);
      expect(text).toContain('<title>perry-ship</title>');
      expect(text).not.toMatch(/(src|href)="(?!\/\w|data:)|https?:\/\//);
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).not.toContain('unsafe');
    }
    expect(await page(port, { host: 'localhost' }, '/etc/passwd')).toMatchObject({ status: 404 });
  });

  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example:80',
    '127.0.0.1@evil',
    '0.0.0.0',
  ])('one that was told "%s" gets nothing', async (host) => {
    const { port } = await start(anyRoot());
    expect(await page(port, { host })).toMatchObject({ status: 421 });
    await expect(view(port, { host })).rejects.toThrow();
  });

  test.each([
    ['https://evil.example', false],
    ['http://localhost.evil.example', false],
    ['null', false],
    ['http://127.0.0.1:1', false],
    ['https://stately.ai', true],
    ['SELF', true],
  ])('a page from %s may open the WebSocket: %s', async (from, may) => {
    const { port } = await start(anyRoot());
    const opening = view(port, { origin: from === 'SELF' ? `http://127.0.0.1:${port}` : from });
    if (may) await expect(opening).resolves.toBeDefined();
    else await expect(opening).rejects.toThrow();
  });

  test('nobody outside this machine is listened to', async () => {
    const { port } = await start(anyRoot());
    const { networkInterfaces } = await import('node:os');
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one && !one.internal && one.family === 'IPv4');
    if (!outside) return;
    const asking = new Promise((resolve, reject) =>
      get({ host: outside.address, port }, resolve).on('error', reject),
    );
    await expect(asking).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
