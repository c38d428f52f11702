import { EventEmitter, on } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import {
  encodeWorkerMessage,
  type ParsedFrame,
  parseHubFrame,
  type WorkerMessage,
} from '../../src/adapters/hub/protocol.ts';
import { type HubSocket, type HubSocketEnd, openHubSocket } from '../../src/adapters/hub/socket.ts';
import {
  type EmbeddedHub,
  type EmbeddedHubOptions,
  startEmbeddedHub,
} from '../../src/embedded-hub/embedded-hub.ts';

/** Runs `body` against a hub on loopback and stops the hub whatever happens. */
export async function withHub<T>(
  options: EmbeddedHubOptions,
  body: (hub: EmbeddedHub) => Promise<T>,
): Promise<T> {
  const hub = await startEmbeddedHub(options);
  try {
    return await body(hub);
  } finally {
    await hub.stop();
  }
}

type Assigned = Extract<ParsedFrame, { type: 'jobAssigned' }>;

/** A worker that only talks: what the hub said can be waited for. */
export interface TalkingWorker {
  readonly socket: HubSocket;
  readonly heard: readonly ParsedFrame[];
  readonly pongs: readonly string[];
  readonly ends: readonly HubSocketEnd[];
  say(message: WorkerMessage): Promise<void>;
  /** Waits until `probe` has an answer. */
  until<T>(probe: () => T | undefined): Promise<T>;
  /** The `n`-th assignment, counted from 1. */
  assignment(n: number): Promise<Assigned>;
  ended(): Promise<HubSocketEnd>;
}

export interface ConnectOptions {
  readonly name?: string;
  readonly capabilities?: readonly string[];
  readonly secret?: string;
  readonly maxConcurrent?: number;
  /** False: the socket is open, nothing was said. */
  readonly greets?: boolean;
  readonly signal?: AbortSignal;
}

export const noSecrets = (text: string): string => text;

export async function connectWorker(hub: EmbeddedHub, options: ConnectOptions = {}): Promise<TalkingWorker> {
  const changes = new EventEmitter();
  const heard: ParsedFrame[] = [];
  const pongs: string[] = [];
  const ends: HubSocketEnd[] = [];
  const noted = <T>(list: T[], entry: T) => {
    list.push(entry);
    changes.emit('change');
  };
  const socket = await openHubSocket({
    url: hub.webSocketUrl,
    signal: options.signal ?? new AbortController().signal,
    handshakeTimeoutMs: 10_000,
    onMessage: (frame) => noted(heard, parseHubFrame(frame) ?? { type: 'unknown', name: 'not an object' }),
    onPong: (payload) => noted(pongs, payload),
    onClose: (end) => noted(ends, end),
    onFault: (error) => {
      throw error;
    },
  });
  const until = async <T>(probe: () => T | undefined): Promise<T> => {
    const events = on(changes, 'change', { signal: AbortSignal.timeout(20_000) });
    for (let found = probe(); ; found = probe()) {
      if (found !== undefined) return found;
      await events.next();
    }
  };
  const worker: TalkingWorker = {
    socket,
    heard,
    pongs,
    ends,
    say: (message) => socket.send(encodeWorkerMessage(message, noSecrets)),
    until,
    assignment: (n) => until(() => heard.filter((message) => message.type === 'jobAssigned')[n - 1]),
    ended: () => until(() => ends[0]),
  };
  if (options.greets !== false) await worker.say(helloOf(options));
  return worker;
}

export const helloOf = (options: ConnectOptions): WorkerMessage => ({
  type: 'hello',
  name: options.name ?? 'mac-rack-07',
  capabilities: options.capabilities ?? ['macos-sign', 'ios-sign'],
  maxConcurrent: options.maxConcurrent ?? 1,
  ...(options.secret !== undefined && { secret: options.secret }),
});

/** A job that any of our workers takes. */
export const signJob = (bundle: string | Uint8Array = Buffer.from('bundle')) => ({
  manifest: { app_name: 'Tide Clock', bundle_id: 'org.example.tide', version: '42', targets: ['ios-sign'] },
  credentials: {},
  bundle,
});

export const completed = (jobId: string, success = false): WorkerMessage => ({
  type: 'complete',
  jobId,
  success,
  durationSeconds: 1,
  artifacts: [],
  ...(!success && { error: 'SIGNING_FAILED: no' }),
});

/** TCP handles of this process that are still open after everything had its turn. */
export async function openTcpHandles(): Promise<string[]> {
  await setImmediate();
  await setImmediate();
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
}
