import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { accountOf, answer, json, refusalBody, require, send } from './api.ts';
import type { Certificate } from './certificate.ts';
import type { Cluster } from './cluster.ts';
import type { ApiFault } from './knobs.ts';
import { RemoteWorker } from './remote-worker.ts';
import { Refusal } from './resources.ts';
import { carry, dial } from './tunnel.ts';

const TUNNEL_PATH = /^\/v1\/vms\/[^/]+\/port-forward$/;

/** The door of a cluster: REST and tunnels on one port, as `orchard controller run` has it. */
export interface Controller {
  readonly port: number;
  /** Ends every connection without a farewell, as the death of the controller does. */
  stop(): Promise<void>;
}

/** @param tls - left out, as with `--insecure-no-tls`; @param port - 0 for any */
export async function startController(cluster: Cluster, tls?: Certificate, port = 0): Promise<Controller> {
  const server = tls ? createServer(tls) : createPlainServer();
  const sockets = new Set<Socket>();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    cluster.connections += 1;
    sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
  });
  const tunnels = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('request', (request, response) => void serve(cluster, request, response));
  server.on('upgrade', (request, socket, head) => void upgrade(cluster, tunnels, request, socket, head));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://controller');

/** Written down, and perhaps gone wrong. */
function noted(cluster: Cluster, request: IncomingMessage): ApiFault | undefined {
  const { method = '' } = request;
  const path = urlOf(request).pathname.replace(/^\/v1/, '');
  if (accountOf(cluster, request)) cluster.calls.push({ method, path });
  const agent = request.headers['user-agent'] ?? '';
  if (agent === '' || agent.startsWith('Orchard/0')) cluster.violations.push(`User-Agent "${agent}"`);
  return cluster.knobs.fault?.({ method, path });
}

async function serve(cluster: Cluster, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = urlOf(request);
  const fault = noted(cluster, request);
  if (fault === 'reset') return void request.socket.destroy();
  if (fault === 'silent') return;
  try {
    if (typeof fault === 'object') throw new Refusal(fault.status);
    if (TUNNEL_PATH.test(url.pathname)) throw new Refusal(426);
    if (fault === 'late') return await answerLate(cluster, request, url);
    const body = await (fault === 'delayed'
      ? answerDelayed(cluster, request, url)
      : answer(cluster, request, url));
    if (fault === 'slow') await sleep(cluster.knobs.lateMs);
    if (fault === 'lost') return void request.socket.destroy();
    send(response, 200, body);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    send(response, error.status, refusalBody(error));
  }
}

/** As a controller that hung carries out what it has read before the client went away. */
async function answerLate(cluster: Cluster, request: IncomingMessage, url: URL): Promise<void> {
  const done = answerDelayed(cluster, request, url, () => request.socket.destroy());
  await done.catch(() => {});
}

/** The request is read at once. */
async function answerDelayed(
  cluster: Cluster,
  request: IncomingMessage,
  url: URL,
  onRead = () => {},
): Promise<unknown> {
  const body = request.method === 'POST' ? await json(request) : undefined;
  onRead();
  await sleep(cluster.knobs.lateMs);
  return answer(cluster, request, url, async () => body);
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: URL;
}

/** The worker's side: instructions for it, and the tunnels that it was asked for. @throws Refusal */
function acceptWorker(
  cluster: Cluster,
  server: WebSocketServer,
  { request, socket, head, url: { pathname, searchParams } }: Upgrade,
): void {
  const isWatch = pathname.endsWith('/watch');
  require(accountOf(cluster, request), [isWatch ? 'compute:read' : 'compute:write']);
  const remote = [...cluster.workers.values()].filter((worker) => worker instanceof RemoteWorker);
  const watcher = remote.find(({ spec }) => spec.name === searchParams.get('workerName'));
  if (isWatch && !watcher) throw new Refusal(404);
  const [session, error] = [searchParams.get('session') ?? '', searchParams.get('errorMessage')];
  server.handleUpgrade(request, socket, head, (opened) => {
    if (isWatch) watcher?.watchedBy(opened);
    else if (!remote.some((worker) => worker.answers(session, opened, error))) opened.close();
  });
}

async function upgrade(
  cluster: Cluster,
  tunnels: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => {});
  const url = urlOf(request);
  const fault = noted(cluster, request);
  if (fault === 'reset' || fault === 'lost' || fault === 'late' || fault === 'delayed')
    return void socket.destroy();
  if (fault === 'silent') return;
  try {
    if (typeof fault === 'object') throw new Refusal(fault.status);
    if (url.pathname.startsWith('/v1/rpc/'))
      return acceptWorker(cluster, tunnels, { request, socket, head, url });
    if (!TUNNEL_PATH.test(url.pathname)) throw new Refusal(404, '404 page not found');
    const { guest, worker } = await dial(cluster, request, url);
    if (socket.destroyed) return void guest.destroy();
    const isAnonymous = request.headers['user-agent'] === undefined;
    tunnels.handleUpgrade(request, socket, head, (tunnel) => {
      cluster.tunnels.set(tunnel, worker);
      tunnel.once('close', () => cluster.tunnels.delete(tunnel));
      carry(cluster, guest, tunnel, isAnonymous);
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const body = refusalBody(error);
    const text = body === undefined ? '' : JSON.stringify(body);
    const head = `HTTP/1.1 ${error.status} Refused\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n`;
    socket.end(`${head}${text}`);
  }
}
