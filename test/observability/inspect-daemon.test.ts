import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { pageScript } from '../../src/observability/inspect-page-script.ts';
import { withScene } from '../helpers/daemon.ts';
import { takenPort } from '../helpers/free-port.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-inspect-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface FakeNode {
  text: string;
  title?: string;
  className?: string;
  children: FakeNode[];
}

/** As much of a browser as the page uses; everything is drawn at once. */
function browser() {
  const node = () => ({
    text: '',
    children: [] as FakeNode[],
    set textContent(text: string) {
      this.text = text;
    },
    append(...more: FakeNode[]) {
      this.children.push(...more);
    },
    replaceChildren(...all: FakeNode[]) {
      this.children = all;
    },
    addEventListener: () => {},
  });
  const places = new Map<string, ReturnType<typeof node>>();
  const sockets: { onopen?: () => void; onmessage?: (message: { data: string }) => void }[] = [];
  const place = (id: string) => places.get(id) ?? places.set(id, node()).get(id);
  const context = {
    document: { createElement: node, getElementById: place },
    requestAnimationFrame: (draw: () => void) => draw(),
    location: { host: '127.0.0.1:1' },
    WebSocket: function open(this: object) {
      sockets.push(this as never);
    },
    AbortSignal,
  };
  vm.runInNewContext(pageScript, context);
  const textOf = (part: FakeNode): string => [part.text, ...part.children.map(textOf)].join(' ');
  const litOf = (part: FakeNode): string[] => [
    ...(part.className === 'state lit' ? [part.children[0]?.text ?? part.text] : []),
    ...part.children.flatMap(litOf),
  ];
  return {
    open: () => sockets[0]?.onopen?.(),
    hear: (data: string) => sockets[0]?.onmessage?.({ data }),
    textOf: (id: string) => textOf(place(id) as FakeNode),
    litIn: (id: string) => litOf(place(id) as FakeNode),
  };
}

test('a viewer and the page see a real job, and no secret of it', async () => {
  const { port, free } = await takenPort();
  await free();
  await withScene({ secrets: materials.secrets, env: { PERRY_INSPECT: port } }, async (scene) => {
    const shown = browser();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    socket.on('open', shown.open).on('message', (data) => {
      scene.secrets.look('the inspector', String(data));
      shown.hear(String(data));
    });
    await once(socket, 'open');
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain('<p>Machines: local, which isolates nothing</p>');
    await scene.linked();
    const { begun, release } = await scene.holdSigning();
    const jobId = await scene.submit(materials.macJob());
    await begun;
    await expect.poll(() => shown.textOf('jobs'), { timeout: 10_000 }).toMatch(/codesigning.*alive\.ready/s);
    expect(shown.textOf('jobs')).toContain(`terminal-notifier macos-sign · ${jobId}`);
    expect(shown.textOf('facts')).toMatch(/page +live.*link +online.*work +accepting.*slots +1 of 2/s);
    expect(shown.litIn('charts')).toEqual(
      expect.arrayContaining(['accepting', 'codesigning', 'ready', 'valid']),
    );
    expect(shown.litIn('charts')).not.toContain('packaging');
    expect(shown.textOf('events')).toContain('hub.jobAssigned');
    const late = browser();
    const lateSocket = new WebSocket(`ws://127.0.0.1:${port}/`);
    lateSocket.on('message', (data) => late.hear(String(data)));
    await expect.poll(() => late.textOf('jobs'), { timeout: 10_000 }).toMatch(/codesigning/);
    await release();
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    await expect.poll(() => shown.textOf('jobs'), { timeout: 10_000 }).toContain('No job is here.');
    expect(shown.textOf('facts')).toMatch(/1 succeeded/);
    for (const one of [socket, lateSocket]) {
      one.terminate();
      await once(one, 'close');
    }
  });
});

test('a port in use is a warning; the daemon works without its inspector', async () => {
  const { port, free } = await takenPort();
  await withScene({ env: { PERRY_INSPECT: port } }, async (scene) => {
    await scene.linked();
    expect(scene.log.join('')).toMatch(/the inspector is off: its port cannot be used/);
  });
  await free();
});

test('is off unless it is asked for', async () => {
  await withScene({}, async (scene) => {
    await scene.linked();
    expect(scene.log.join('')).not.toContain('inspector');
  });
});
