import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ControlReply, ControlRequest } from './protocol.ts';
import { decodeRequest, encodeLine, MAX_REQUEST_BYTES } from './protocol.ts';
import { readLine } from './read-line.ts';
import { findSocket, prepareSocketPlace, type SocketPlace } from './socket-place.ts';
import { alreadyRunning } from './state-lock.ts';

export interface ControlServerOptions {
  /** The caller holds its lock. */
  readonly stateDir: string;
  /** May take its time: whoever asks waits for as long as it likes. */
  readonly answer: (request: ControlRequest) => ControlReply | Promise<ControlReply>;
  /** Nobody is connected any more for whom jobs were to be left alone (`yield`). */
  readonly onYielded: () => void;
  /** Something went wrong with one connection; the others go on. */
  readonly onFault: (error: unknown) => void;
  /** How long a connection may take for its question and for taking the answer. */
  readonly patienceMs?: number;
}

export interface ControlServer {
  readonly path: string;
  close(): Promise<void>;
}

const PATIENCE_MS = 5_000;
const MAX_CONNECTIONS = 32;

/**
 * Listens on the control socket, which only the owner of the daemon can open.
 *
 * @throws ShipError DAEMON_ALREADY_RUNNING when something answers there · CONFIG_INVALID when no path is short enough
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { stateDir } = options;
  // the lock says that nobody is there; a daemon that the lock cannot see (another container) still answers
  if (await answers(await findSocket(stateDir))) throw alreadyRunning();
  const place = await prepareSocketPlace(stateDir);
  const open = new Set<Socket>();
  const yieldedTo = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    serve(socket, yieldedTo, options).catch(options.onFault);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const path = await listen(server, place);
  server.on('error', options.onFault);
  return { path, close: () => close(server, open, place) };
}

async function listen(server: Server, place: SocketPlace): Promise<string> {
  try {
    server.listen(place.birthPath);
    await once(server, 'listening');
    await chmod(place.birthPath, 0o600);
    return await place.settle();
  } catch (error) {
    server.close();
    await place.remove();
    throw error;
  }
}

async function close(server: Server, open: ReadonlySet<Socket>, place: SocketPlace): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroySoon();
  await closed;
  await place.remove();
}

async function serve(
  socket: Socket,
  yieldedTo: Set<Socket>,
  { answer, onFault, onYielded, patienceMs = PATIENCE_MS }: ControlServerOptions,
): Promise<void> {
  const asking = hangUpAfter(socket, patienceMs);
  const line = await readLine(socket, MAX_REQUEST_BYTES, asking.signal).catch(() => undefined);
  asking.end();
  const request = line === undefined ? undefined : parsed(line);
  const reply = encodeLine(await replyTo(request, answer, onFault));
  if (request?.request === 'yield') noteYield(socket, yieldedTo, onYielded).write(reply);
  else {
    hangUpAfter(socket, patienceMs);
    socket.end(reply);
  }
  // what else it says is of no interest, but its end is
  socket.resume();
}

function hangUpAfter(socket: Socket, patienceMs: number): { readonly signal: AbortSignal; end(): void } {
  const signal = AbortSignal.timeout(patienceMs);
  const hangUp = () => socket.destroy();
  const end = () => signal.removeEventListener('abort', hangUp);
  signal.addEventListener('abort', hangUp, { once: true });
  socket.once('close', end);
  return { signal, end };
}

function noteYield(socket: Socket, yieldedTo: Set<Socket>, onYielded: () => void): Socket {
  yieldedTo.add(socket);
  return socket
    .once('end', () => socket.end())
    .once('close', () => {
      yieldedTo.delete(socket);
      if (yieldedTo.size === 0) onYielded();
    });
}

async function replyTo(
  request: ControlRequest | undefined,
  answer: ControlServerOptions['answer'],
  onFault: ControlServerOptions['onFault'],
): Promise<ControlReply> {
  if (!request) return { ok: false, failure: invalidRequest };
  try {
    return await answer(request);
  } catch (error) {
    onFault(error);
    return { ok: false, failure: brokenAnswer };
  }
}

function parsed(line: string): ControlRequest | undefined {
  try {
    return decodeRequest(line);
  } catch {
    return undefined;
  }
}

const invalidRequest = {
  code: 'CONTROL_REQUEST_INVALID',
  summary: 'The daemon does not know this request.',
  reason: `It is not one line of at most ${MAX_REQUEST_BYTES} bytes in a form that this version knows.`,
  nextStep: 'Use the perry-ship command of the version that runs.',
} as const;

const brokenAnswer = {
  code: 'INTERNAL_ERROR',
  summary: 'The daemon could not answer.',
  reason: 'It met an error that it does not know; the cause is in its log.',
  nextStep: 'Send the log of the daemon to the maintainers.',
} as const;

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
