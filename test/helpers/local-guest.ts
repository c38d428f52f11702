import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  GuestExecOptions,
  GuestExecResult,
  GuestListenOptions,
  GuestPort,
  GuestSession,
} from '../../src/adapters/guest/guest.ts';

const MAX_STDOUT_BYTES = 1024 * 1024;
const STDERR_TAIL_BYTES = 64 * 1024;

export interface LocalGuestOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A guest session without a guest: each command is a real process of this machine, run by `/bin/sh -c` in a group
 * of its own, with what `GuestSession` promises about streams and aborts. Its stdin is a socket, as under sshd.
 */
export function localGuest({ cwd, env = {} }: LocalGuestOptions): GuestSession {
  let end: (reason: string) => void = () => undefined;
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  return {
    exec: (command, options = {}) => execLocally(command, options, cwd, env),
    listen: listenLocally,
    closed,
    close: async () => end('closed by the test'),
  };
}

/** The guest's loopback is this machine's. */
async function listenLocally({ maxConnections, onConnection }: GuestListenOptions): Promise<GuestPort> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    onConnection(socket);
  });
  server.maxConnections = maxConnections;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function execLocally(
  command: string,
  { signal, stdin, stdout, onStderrLine }: GuestExecOptions,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<GuestExecResult> {
  signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', command], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    detached: true,
  });
  const killGroup = (): void => {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', killGroup, { once: true });
  const stderr = collectTail(child.stderr, onStderrLine);
  const collected = stdout ? pipeline(child.stdout, stdout).then(() => '') : collect(child.stdout);
  feed(child.stdin, stdin);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  signal?.removeEventListener('abort', killGroup);
  signal?.throwIfAborted();
  return { exitCode, stdout: await collected, stderr: await stderr };
}

/** A command may end without reading its stdin; that is its own affair. */
function feed(sink: NodeJS.WritableStream, source: GuestExecOptions['stdin']): void {
  const readable = source instanceof Readable ? source : Readable.from(source === undefined ? [] : [source]);
  pipeline(readable, sink).catch(() => undefined);
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= MAX_STDOUT_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function collectTail(stream: Readable, onLine?: (line: string) => void): Promise<string> {
  let tail = '';
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    onLine?.(line);
    tail = `${tail}${line}\n`.slice(-STDERR_TAIL_BYTES);
  }
  return tail;
}
