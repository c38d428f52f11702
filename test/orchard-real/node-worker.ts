import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createWebSocketStream, type WebSocket } from 'ws';
import { type Guest, startGuest } from '../orchard-emulator/guest.ts';
import { TART_VMS, type Vm } from '../orchard-emulator/resources.ts';
import type { Client } from './client.ts';

export interface NodeWorkerOptions {
  readonly client: Client;
  readonly name: string;
  /** Of its machines. */
  readonly folder: string;
  readonly toolDirs: readonly string[];
  readonly images: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly syncMs?: number;
}

/** What the controller tells a worker: the JSON of `pkg/resource/v1/watch_instruction.go` (0.55.0). */
interface Instruction {
  readonly portForwardAction?: { readonly session: string; readonly vmUID: string; readonly port: number };
  readonly resolveIPAction?: { readonly session: string };
  readonly syncVMsAction?: object;
}

const SSH_PORT = 22;

/**
 * A worker that speaks the protocol of Orchard 0.55.0 (RPC v2), and says that it is a Mac with Tart: its machines are
 * processes with real SSH servers. Requests of the daemon reach it unchanged, through a controller of whatever make.
 */
export class NodeWorker {
  readonly #options: NodeWorkerOptions;
  readonly #machines = new Map<string, Guest | undefined>();
  readonly #object: Record<string, unknown>;
  readonly #clock: NodeJS.Timeout;
  #watch: WebSocket | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(options: NodeWorkerOptions) {
    const { name, labels = {}, syncMs = 300 } = options;
    this.#options = options;
    this.#object = {
      ...{ name, arch: 'arm64', runtime: 'tart', labels, machine_id: `machine-of-${name}` },
      ...{ resources: { [TART_VMS]: 2 }, defaultCPU: 4, defaultMemory: 8_192 },
    };
    this.#clock = setInterval(() => void this.sync(), syncMs);
  }

  static async start(options: NodeWorkerOptions): Promise<NodeWorker> {
    const worker = new NodeWorker(options);
    const { status } = await options.client.ask('POST', '/workers', worker.#seen());
    if (status !== 200) throw new Error(`the worker was not registered: ${status}`);
    worker.#listen();
    return worker;
  }

  guestOf = (uid: string): Guest | undefined => this.#machines.get(uid);

  /** One after the other, as the real one has it. */
  sync(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      // a controller that is away is asked again by the clock
      if (!this.#isStopped) await this.#syncNow().catch(() => {});
    });
    return this.#turn;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#clock);
    this.#watch?.terminate();
    await this.#turn;
    await Promise.all([...this.#machines.values()].map((guest) => guest?.destroy()));
  }

  /** The whole object each time: a sparse one makes the controller lose the worker. */
  #seen = () => ({ ...this.#object, last_seen: new Date().toISOString() });

  async #syncNow(): Promise<void> {
    const { client, name } = this.#options;
    await client.ask('PUT', `/workers/${name}`, this.#seen());
    const { json } = await client.ask('GET', `/vms?filter=worker=${name}`);
    if (!Array.isArray(json)) return;
    const wanted = json as Vm[];
    const uids = new Set(wanted.map(({ uid }) => uid));
    // what is not wanted any more goes before anything new is made
    for (const [uid, guest] of this.#machines) {
      if (uids.has(uid)) continue;
      await guest?.destroy();
      this.#machines.delete(uid);
    }
    await Promise.all(wanted.map((vm) => this.#advance(vm)));
  }

  async #advance(vm: Vm): Promise<void> {
    if (vm.status === 'failed') return;
    const guest = this.#machines.get(vm.uid);
    if (guest?.hasEnded()) return this.#report(vm, 'failed', 'VM failed: VM exited unexpectedly');
    if (guest) return;
    if (vm.status === 'running') return this.#report(vm, 'failed', 'Worker lost track of VM');
    await this.#make(vm);
  }

  async #make(vm: Vm): Promise<void> {
    const { folder, toolDirs, images } = this.#options;
    if (!images.includes(vm.image)) {
      const said = `the specified VM \\"${vm.image}\\" does not exist`;
      return this.#report(vm, 'failed', `failed to clone the VM: tart command failed: "${said}"`);
    }
    this.#machines.set(vm.uid, undefined);
    this.#machines.set(vm.uid, await startGuest({ dir: join(folder, vm.localName), toolDirs }));
    await this.#report(vm, 'running', 'VM started');
  }

  async #report(vm: Vm, status: Vm['status'], message: string): Promise<void> {
    const conditions = [
      { type: 'scheduled', state: 'true' },
      { type: 'running', state: String(status === 'running') },
    ];
    const body = { ...vm, ...{ status, status_message: message, conditions, image_fqn: vm.image } };
    await this.#options.client.ask('PUT', `/vms/${encodeURIComponent(vm.name)}/state`, body);
  }

  /** A controller that restarts ends the watch. */
  #listen(): void {
    if (this.#isStopped) return;
    const watch = this.#options.client.open(`/rpc/watch?workerName=${this.#options.name}`);
    this.#watch = watch;
    watch.on('error', () => {}).on('message', (data) => this.#hear(JSON.parse(String(data)) as Instruction));
    watch.once('close', () => setTimeout(() => this.#listen(), 200).unref());
  }

  #hear({ portForwardAction: forward, resolveIPAction: resolve }: Instruction): void {
    const { client } = this.#options;
    if (forward) return this.#forward(forward);
    if (resolve)
      void client.ask('POST', `/rpc/resolve-ip?session=${resolve.session}&ip=127.0.0.1`).catch(() => {});
    else void this.sync();
  }

  #forward({ session, vmUID, port }: NonNullable<Instruction['portForwardAction']>): void {
    const guest = port === SSH_PORT ? this.#machines.get(vmUID) : undefined;
    if (!guest) return this.#refuse(session, 'there is no such machine');
    const socket = connect({ host: '127.0.0.1', port: guest.port, noDelay: true });
    socket.once('error', ({ message }) => this.#refuse(session, message));
    socket.once('connect', () => this.#carry(session, socket));
  }

  #carry(session: string, socket: Socket): void {
    const tunnel = createWebSocketStream(this.#options.client.open(`/rpc/port-forward?session=${session}`));
    const end = () => {
      socket.destroy();
      tunnel.destroy();
    };
    for (const stream of [socket, tunnel]) stream.on('error', end).once('close', end).once('end', end);
    tunnel.pipe(socket).pipe(tunnel);
  }

  #refuse(session: string, why: string): void {
    const path = `/rpc/port-forward?session=${session}&errorMessage=${encodeURIComponent(why)}`;
    const told = this.#options.client.open(path);
    told.on('error', () => {}).once('open', () => told.close());
  }
}
