import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { createWebSocketStream } from 'ws';
import { Refusal, type Vm, type WorkerSpec } from './resources.ts';
import { Worker, type WorkerHost } from './worker.ts';

/** A worker that is another program, and speaks the worker's side of the API (RPC v2). */
export class RemoteWorker extends Worker {
  readonly machineId: string;
  #watch: WebSocket | undefined;
  readonly #sessions = new Map<string, (tunnel: Duplex | undefined) => void>();

  constructor(spec: WorkerSpec, host: WorkerHost, machineId: string) {
    super(spec, host);
    this.machineId = machineId;
  }

  /** A later one of the same name takes its place. */
  watchedBy(socket: WebSocket): void {
    this.#watch?.close();
    this.#watch = socket;
    socket.on('error', () => {});
  }

  /** A controller takes minutes of silence for the end of a worker. */
  override async sync(): Promise<void> {
    this.#say({ syncVMsAction: {} });
  }

  override async destroy(): Promise<void> {}

  /** Asks the worker for a tunnel, and waits for it. */
  override dial(uid: string, port: number): Promise<Duplex | undefined> {
    const session = randomUUID();
    this.#say({ portForwardAction: { session, vmUID: uid, port } });
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.#sessions.get(session)?.(undefined), 2_000);
      this.#sessions.set(session, (tunnel) => {
        clearTimeout(patience);
        this.#sessions.delete(session);
        resolve(tunnel);
      });
    });
  }

  /** @returns whether the session is one of this worker */
  answers(session: string, socket: WebSocket, errorMessage: string | null): boolean {
    const answer = this.#sessions.get(session);
    if (!answer) return false;
    socket.on('error', () => {});
    answer(errorMessage === null ? createWebSocketStream(socket) : undefined);
    if (errorMessage !== null) socket.close();
    return true;
  }

  /** As `watch_instruction.go` has it, in binary messages. */
  #say(instruction: object): void {
    if (this.#watch?.readyState === 1)
      this.#watch.send(Buffer.from(JSON.stringify(instruction)), { binary: true });
  }
}

/** What a worker may change of a machine; everything else of what it sends is ignored. */
const REPORTED = ['status', 'status_message', 'image_fqn', 'conditions', 'observedGeneration'];

/** @throws Refusal 412 */
export function takeReport(vm: Vm, body: Readonly<Record<string, unknown>>): Vm {
  if (vm.status === 'failed' && body.status !== 'failed')
    throw new Refusal(412, 'cannot leave the state "failed"');
  if (vm.status !== 'running' && body.status === 'running') vm.started_at = new Date().toISOString();
  for (const field of REPORTED) if (body[field] !== undefined) vm[field] = body[field];
  vm.version += 1;
  return vm;
}
