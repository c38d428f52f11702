import { clusterLookMachine } from '../../machines/cluster-look/machine.ts';
import { clusterMachine } from '../../machines/cluster-machine/machine.ts';
import { address } from '../machines/samples.ts';
import type { Call, Performance, Stage } from '../machines/stage.ts';

/** Of Orchard 0.55.0: the controller assigns, and each worker syncs, so often. */
export const TICK_MS = 5_000;
/** From here to the controller and back. */
const ANSWER_MS = 30;
/** A worker stops and deletes a machine that is not wanted any more before it makes the next one. */
const REMOVAL_MS = 2_000;
const CLONE_MS = 3_000;
const SLOTS = 2;

interface Machine {
  readonly name: string;
  readonly uid: string;
  /** Number of its worker, as soon as one has it. */
  worker?: number;
  runsAtMs?: number;
}

export interface SimClusterOptions {
  readonly workers: number;
  readonly bootMs: number;
}

/** The scheduler and the workers of a cluster in simulated time, under the charts that follow its machines. */
export class SimCluster {
  readonly machines = new Map<string, Machine>();
  readonly #stage: Stage;
  readonly #options: SimClusterOptions;
  readonly #followed = new Map<string, Performance<typeof clusterMachine>>();
  readonly #look: Performance<typeof clusterLookMachine>;
  #waiting: { readonly call: Call; readonly name: string }[] = [];
  #lastUid = 0;
  /** The machine whose chart is being started. */
  #starting = '';
  /** Questions and requests that the controller was asked. */
  asked = 0;

  constructor(stage: Stage, options: SimClusterOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#look = stage.start(stage.fill(clusterLookMachine), undefined);
    const tick = () => {
      this.#assign();
      stage.clock.setTimeout(tick, TICK_MS);
    };
    stage.clock.setTimeout(tick, TICK_MS);
  }

  get slots(): number {
    return this.#options.workers * SLOTS;
  }

  get taken(): number {
    return [...this.machines.values()].filter(({ worker }) => worker !== undefined).length;
  }

  /** Machines that wait for a worker. */
  get queued(): number {
    return this.machines.size - this.taken;
  }

  /** What a driver of this cluster does for a port; false for a port of somebody else. */
  serve(call: Call): boolean {
    const act = this.#ports[call.port];
    act?.(call);
    return act !== undefined;
  }

  readonly #ports: Readonly<Record<string, (call: Call) => void>> = {
    askRoom: (call) => this.#later(call, () => call.answer({ slots: this.slots, account: '' })),
    cloneVm: (call) => this.#clone(call),
    // its machine was started by the clone already
    runVm: (call) => this.#after(0, () => call.say({ type: 'vm.started' })),
    locateVm: (call) => this.#after(0, () => call.answer({ ...address, host: call.input.name })),
    connectGuest: (call) => this.#connect(call),
    stopVm: (call) => this.#remove(call),
    deleteVm: (call) => this.#remove(call),
    requestMachine: (call) => {
      const name = this.#nameOf(call);
      this.#later(call, () => call.answer(this.#create(name).uid));
    },
    lookAtMachine: (call) => {
      this.#waiting.push({ call, name: this.#nameOf(call) });
      this.#look.send({ type: 'look.wanted' });
    },
    askForAll: (call) => {
      const served = this.#waiting.splice(0);
      this.#later(call, () => {
        for (const { call: look, name } of served) look.answer(this.#viewOf(name));
        call.answer();
      });
    },
  };

  #clone(call: Call): void {
    const { name } = call.input;
    this.#starting = name;
    const followed = this.#stage.start(this.#stage.fill(clusterMachine), undefined);
    this.#followed.set(name, followed);
    followed.actor.on('started', () => call.answer());
  }

  #nameOf({ owner }: Call): string {
    return [...this.#followed].find(([, { actor }]) => actor === owner)?.[0] ?? this.#starting;
  }

  #connect(call: Call): void {
    const { name } = call.input;
    const bootedAtMs = (this.machines.get(name)?.runsAtMs ?? 0) + this.#options.bootMs;
    this.#after(Math.max(0, bootedAtMs - this.#stage.clock.nowMs) + ANSWER_MS, () => {
      this.#followed.get(name)?.send({ type: 'machine.entered' });
      call.answer();
    });
  }

  #remove(call: Call): void {
    const { name } = call.input;
    this.#later(call, () => {
      this.machines.delete(name);
      this.#followed.get(name)?.send({ type: 'machine.unwanted' });
      this.#followed.delete(name);
      call.answer();
    });
  }

  #create(name: string): Machine {
    this.#lastUid += 1;
    const machine: Machine = { name, uid: `uid-${this.#lastUid}` };
    this.machines.set(name, machine);
    this.#assign();
    return machine;
  }

  /** Oldest first, to the fullest worker that has room. */
  #assign(): void {
    const used = new Map<number, number>();
    for (const { worker } of this.machines.values())
      if (worker !== undefined) used.set(worker, (used.get(worker) ?? 0) + 1);
    const workers = Array.from({ length: this.#options.workers }, (_, worker) => worker);
    for (const machine of this.machines.values()) {
      if (machine.worker !== undefined) continue;
      const free = workers.filter((worker) => (used.get(worker) ?? 0) < SLOTS);
      const [fullest] = free.toSorted((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0));
      if (fullest === undefined) return;
      used.set(fullest, (used.get(fullest) ?? 0) + 1);
      machine.worker = fullest;
      machine.runsAtMs = this.#nextSync(fullest, REMOVAL_MS + CLONE_MS);
    }
  }

  /** Workers were started one after the other, and sync so; what they have done is told then. */
  #nextSync(worker: number, workMs: number): number {
    const phaseMs = (worker * TICK_MS) / this.#options.workers;
    const doneAtMs = this.#stage.clock.nowMs + workMs;
    return Math.ceil((doneAtMs - phaseMs) / TICK_MS) * TICK_MS + phaseMs;
  }

  #viewOf(name: string) {
    const { uid = null, worker, runsAtMs = Infinity } = this.machines.get(name) ?? {};
    const host = worker === undefined ? null : `mac-${worker}`;
    if (uid === null) return { stage: 'gone', uid, worker: null, message: null };
    if (host === null) return { stage: 'queued', uid, worker: null, message: null };
    const stage = runsAtMs <= this.#stage.clock.nowMs ? 'running' : 'cloning';
    return { stage, uid, worker: host, message: null };
  }

  #later(call: Call, act: () => void): void {
    this.asked += 1;
    this.#after(ANSWER_MS, () => call.isOpen && act());
  }

  #after(delayMs: number, act: () => void): void {
    this.#stage.clock.setTimeout(act, delayMs);
  }
}
