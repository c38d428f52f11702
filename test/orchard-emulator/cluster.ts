import type { WebSocket } from 'ws';
import { admit, objections } from './admission.ts';
import { type ApiCall, defaultKnobs, type Knobs } from './knobs.ts';
import { RemoteWorker } from './remote-worker.ts';
import { type Account, NO_TIME, Refusal, type Vm, type WorkerSpec } from './resources.ts';
import { Worker, type WorkerHost } from './worker.ts';

export interface ClusterOptions extends Pick<WorkerHost, 'startGuest'> {
  /** Of the machines of all workers. */
  readonly folder: string;
  readonly images: readonly string[];
  readonly toolDirs: readonly string[];
  readonly workers: readonly WorkerSpec[];
  readonly knobs: Partial<Knobs>;
}

/** As a worker says it of itself. */
export interface RegisteredWorker extends WorkerSpec {
  readonly machine_id: string;
  readonly last_seen?: string;
  readonly scheduling_paused?: boolean;
}

/** The data base of the controller, its scheduler, and its workers. Time passes by `tick` alone. */
export class Cluster {
  readonly knobs: Knobs;
  readonly accounts = new Map<string, Account>();
  readonly vms = new Map<string, Vm>();
  readonly workers: Map<string, Worker>;
  /** What no client of ours should ask for. */
  readonly violations: string[] = [];
  /** As many as clients have opened to the controller. */
  connections = 0;
  /** Every request that was let in, in order. */
  readonly calls: ApiCall[] = [];
  /** Since its start. */
  ticks = 0;
  /** Those that are open, and the worker that each leads through. */
  readonly tunnels = new Map<WebSocket, string>();
  private readonly host: WorkerHost;
  private turn: Promise<void> = Promise.resolve();

  constructor({ folder, images, toolDirs, workers, knobs, startGuest }: ClusterOptions) {
    this.knobs = { ...defaultKnobs, ...knobs };
    this.host = { folder, images, toolDirs, knobs: this.knobs, startGuest };
    this.workers = new Map(workers.map((spec) => [spec.name, new Worker(spec, this.host)]));
  }

  create(body: unknown): Vm {
    const vm = admit(body);
    this.violations.push(...objections(body as Record<string, unknown>));
    if (this.vms.has(vm.name)) throw new Refusal(409, 'VM with this name already exists');
    this.vms.set(vm.name, vm);
    this.schedule();
    return vm;
  }

  read(name: string): Vm {
    const vm = this.vms.get(name);
    if (!vm) throw new Refusal(404);
    return vm;
  }

  /** The record is gone at once; the worker learns it in its next sync. */
  remove(name: string): void {
    this.read(name);
    this.vms.delete(name);
  }

  /** A worker that is another program. @throws Refusal 409 when another host has the name */
  register({
    name,
    arch = '',
    runtime = '',
    resources = {},
    labels = {},
    machine_id,
  }: RegisteredWorker): Worker {
    const known = this.workers.get(name);
    const isOther = known && !(known instanceof RemoteWorker && known.machineId === machine_id);
    if (isOther) throw new Refusal(409, 'this worker is managed from a different machine');
    const worker = new RemoteWorker({ name, arch, runtime, resources, labels }, this.host, machine_id);
    this.workers.set(name, worker);
    return worker;
  }

  heartbeat({ name, last_seen, scheduling_paused = false }: RegisteredWorker): Worker {
    const worker = this.workers.get(name);
    if (!worker) throw new Refusal(404);
    worker.isPaused = scheduling_paused;
    worker.lastSeenMs = Date.parse(last_seen ?? NO_TIME);
    return worker;
  }

  /** A worker is killed: its tunnels end with a 1000 without words, and its machines live on. */
  killWorker(name: string): void {
    const worker = this.workers.get(name);
    if (worker) worker.isAlive = false;
    for (const [tunnel, through] of this.tunnels) if (through === name) tunnel.close(1000);
  }

  /** Removed by somebody; it comes by itself again. */
  removeWorker(name: string): () => void {
    const worker = this.workers.get(name);
    if (!worker) throw new Error(`there is no worker ${name}`);
    this.workers.delete(name);
    for (const vm of this.assignedTo(worker).filter(isAlive))
      Object.assign(vm, {
        status: 'failed',
        status_message: "VM is assigned to a worker that doesn't exist anymore",
      });
    return () => void this.workers.set(name, worker);
  }

  workerOf(vm: Vm): Worker | undefined {
    return vm.worker === undefined ? undefined : this.workers.get(vm.worker);
  }

  /** Five seconds of a real cluster: workers that were silent for too long are given up, machines assigned, workers synced. */
  tick(): Promise<void> {
    this.turn = this.turn.then(async () => {
      this.ticks += 1;
      this.giveUpLostWorkers();
      this.schedule();
      await Promise.all([...this.workers.values()].map((worker) => worker.sync(this.assignedTo(worker))));
    });
    return this.turn;
  }

  async stop(): Promise<void> {
    await this.turn;
    await Promise.all([...this.workers.values()].map((worker) => worker.destroy(() => true)));
  }

  private assignedTo({ spec }: Worker): Vm[] {
    return [...this.vms.values()].filter(({ worker }) => worker === spec.name);
  }

  private giveUpLostWorkers(): void {
    const lost = [...this.workers.values()].filter(
      ({ missedTicks }) => missedTicks >= this.knobs.offlineTicks,
    );
    for (const vm of lost.flatMap((worker) => this.assignedTo(worker)).filter(isAlive))
      Object.assign(vm, {
        status: 'failed',
        status_message: 'VM is assigned to a worker that lost connection with the controller',
      });
  }

  /** Oldest first; one that does not fit holds nobody up. The fullest worker is taken first. */
  private schedule(): void {
    const waiting = [...this.vms.values()].filter((vm) => vm.status === 'pending' && !vm.worker);
    for (const vm of waiting) {
      const fitting = [...this.workers.values()].filter((worker) => this.fits(vm, worker));
      const [worker] = fitting.toSorted((a, b) => this.assignedTo(b).length - this.assignedTo(a).length);
      if (!worker) continue;
      vm.worker = worker.spec.name;
      vm.scheduled_at = new Date().toISOString();
      vm.conditions = [{ type: 'scheduled', state: 'true' }];
      Object.assign(vm, { assignedCPU: vm.cpu ?? 4, assignedMemory: vm.memory ?? 8_192 });
    }
  }

  /** A worker that died a moment ago still fits. */
  private fits(vm: Vm, worker: Worker): boolean {
    const { spec, isPaused, missedTicks } = worker;
    if (isPaused || missedTicks >= this.knobs.offlineTicks) return false;
    if (vm.arch !== spec.arch || vm.runtime !== spec.runtime) return false;
    if (!Object.entries(vm.labels ?? {}).every(([label, value]) => spec.labels[label] === value))
      return false;
    const used = this.assignedTo(worker).filter((other) => other.scheduled_at !== NO_TIME);
    return Object.entries(vm.resources).every(([resource, count]) => {
      const taken = used.reduce((sum, other) => sum + (other.resources[resource] ?? 0), 0);
      return (spec.resources[resource] ?? 0) - taken >= count;
    });
  }
}

const isAlive = ({ status }: Vm): boolean => status !== 'failed';
