import { admit, objections } from './admission.ts';
import { type ApiCall, defaultKnobs, type Knobs } from './knobs.ts';
import { type Account, NO_TIME, Refusal, type Vm, type WorkerSpec } from './resources.ts';
import { Worker } from './worker.ts';

export interface ClusterOptions {
  /** Of the machines of all workers. */
  readonly folder: string;
  readonly images: readonly string[];
  readonly toolDirs: readonly string[];
  readonly workers: readonly WorkerSpec[];
  readonly knobs: Partial<Knobs>;
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
  private turn: Promise<void> = Promise.resolve();

  constructor({ folder, images, toolDirs, workers, knobs }: ClusterOptions) {
    this.knobs = { ...defaultKnobs, ...knobs };
    const host = { folder, images, toolDirs, knobs: this.knobs };
    this.workers = new Map(workers.map((spec) => [spec.name, new Worker(spec, host)]));
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

  workerOf(vm: Vm): Worker | undefined {
    return vm.worker === undefined ? undefined : this.workers.get(vm.worker);
  }

  /** Five seconds of a real cluster: workers that were silent for too long are given up, machines assigned, workers synced. */
  tick(): Promise<void> {
    this.turn = this.turn.then(async () => {
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
