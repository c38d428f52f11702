/**
 * A hub that floods its worker, in a process of its own so that its work does not make the pings late: it sends as fast as
 * the link takes it and pings on the way.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { floodFrame } from './flood-frames.ts';
import type { FloodAnswer, FloodQuestion } from './flood-messages.ts';
import { PingWatch } from './ping-watch.ts';

/** More are not sent before the next turn of the event loop, in which a ping may be due. */
const FRAMES_A_TURN = 50;

const bundles = createServer(() => {}).listen(0, '127.0.0.1');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
await Promise.all([once(bundles, 'listening'), once(server, 'listening')]);
const portOf = (each: { address(): unknown }): number => (each.address() as AddressInfo).port;
const bundleUrl = `http://127.0.0.1:${portOf(bundles)}`;

let worker: WebSocket | undefined;
let greeted: () => void = () => {};
const hello = new Promise<void>((resolve) => {
  greeted = resolve;
});
/** Jobs that were sent and have no result. */
const open = new Set<string>();
/** Jobs of which anything was heard. */
const heardOf = new Set<string>();
let changed: () => void = () => {};

server.on('connection', (socket) => {
  worker = socket;
  socket.on('message', (data) => hear(JSON.parse(String(data))));
});

function hear({ type, job_id = '' }: { type: string; job_id?: string }): void {
  if (type === 'worker_hello') greeted();
  heardOf.add(job_id);
  if (type === 'complete') open.delete(job_id);
  changed();
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise<void>((resolve) => {
      changed = resolve;
    });
}

type FloodOrder = Extract<FloodQuestion, { ask: 'flood' }>;

async function flood({ flood, count, workerPid }: FloodOrder): Promise<FloodAnswer> {
  const socket = worker as WebSocket;
  const jobIds = Array.from({ length: count }, (_, index) => `${flood.replaceAll(' ', '-')}-${index}`);
  const watch = new PingWatch(socket, workerPid);
  const startedAt = performance.now();
  for (const [index, jobId] of jobIds.entries()) {
    open.add(jobId);
    socket.send(floodFrame({ flood, jobId, bundleUrl }));
    if (index % FRAMES_A_TURN === 0) await nextTurn();
  }
  await until(() => jobIds.every((jobId) => heardOf.has(jobId)));
  const answeredMs = performance.now() - startedAt;
  await watch.untilQuiet();
  const refused = jobIds.filter((jobId) => !open.has(jobId)).length;
  return { silence: watch.stop(), answeredMs, refused };
}

async function cancelAll(): Promise<void> {
  for (const jobId of open) worker?.send(JSON.stringify({ type: 'cancel', job_id: jobId }));
  await until(() => open.size === 0);
}

function answer(question: FloodQuestion): Promise<unknown> {
  switch (question.ask) {
    case 'untilWorker':
      return hello;
    case 'flood':
      return flood(question);
    case 'cancelAll':
      return cancelAll();
  }
}

process.on('message', async ({ id, question }: { id: number; question: FloodQuestion }) => {
  process.send?.({ id, answer: await answer(question) });
});
process.once('disconnect', () => process.exit(0));
process.send?.({ webSocketUrl: `ws://127.0.0.1:${portOf(server)}` });
