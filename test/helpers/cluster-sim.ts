import { createActor } from 'xstate';
import { clusterCapacityMachine } from '../../machines/cluster-capacity/machine.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import type { Run } from '../../machines/supervisor/runs.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { Stage } from '../machines/stage.ts';
import { SimCluster, type SimClusterOptions } from './sim-cluster.ts';
import { seededRandom } from './soak-random.ts';
import { SimHub } from './soak-sim-hub.ts';
import { SimPorts } from './soak-sim-ports.ts';

export interface ClusterRunOptions extends SimClusterOptions {
  readonly seed: number;
  readonly jobs: number;
  /** As many jobs at the same time as there is room for; a number of jobs otherwise. */
  readonly slots: 'auto' | number;
  readonly standbySize: number;
}

export interface ClusterRunResult {
  readonly succeeded: number;
  /** Codes of the jobs that failed. */
  readonly failures: readonly unknown[];
  /** From the first job to the moment when none waits any more, in simulated milliseconds. */
  readonly busyMs: number;
  /** Of the time of all slots until then: a machine of ours has the slot. */
  readonly takenShare: number;
  /** The same, and the guest of the machine works for a job. */
  readonly workingShare: number;
  /** The longest time in which a slot was free and a job waited. */
  readonly longestIdleMs: number;
  /** Machines that were more than there are slots, at most. */
  readonly mostQueued: number;
  /** Requests to the controller for each second of that time. */
  readonly requestsPerSecond: number;
  readonly complaints: readonly string[];
}

const MOST_STEPS = 2_000_000;

/** A daemon with all its charts, the hub's bookkeeping, and a cluster, in simulated time: all jobs come at once. */
export class ClusterRun {
  readonly #stage = new Stage();
  readonly #hub = new SimHub(this.#stage.clock);
  readonly #ports: SimPorts;
  readonly #cluster: SimCluster;
  readonly #options: ClusterRunOptions;
  // biome-ignore lint/suspicious/noExplicitAny: the root of everything
  readonly #root: any;
  #seenCalls = 0;
  #names = 0;
  #taken = { slotMs: 0, workingMs: 0, idleSinceMs: -1, longestIdleMs: 0, mostQueued: 0 };

  constructor(options: ClusterRunOptions) {
    const stage = this.#stage;
    this.#options = options;
    this.#ports = new SimPorts(this.#hub, seededRandom(options.seed), 'nothing');
    this.#cluster = new SimCluster(stage, options);
    const vmLifecycle = stage.fill(vmLifecycleMachine);
    const machines = {
      signJob: stage.fill(signJobMachine, { vmLifecycle }),
      vmPool: stage.fill(vmPoolMachine, { vmLifecycle }),
      hubConnection: stage.fill(hubConnectionMachine),
      clusterCapacity: stage.fill(clusterCapacityMachine),
    };
    const { slots, standbySize } = options;
    const room = this.#cluster.slots;
    this.#root = createActor(stage.fill(supervisorMachine, machines as never), {
      clock: stage.clock as never,
      logger: () => {},
      input: {
        ...{ image: 'golden', instance: '0a1b2c3d', standbySize, room, followsRoom: slots === 'auto' },
        maxConcurrent: slots === 'auto' ? room : slots,
      },
    });
  }

  run(): ClusterRunResult {
    const { jobs } = this.#options;
    this.#root.start();
    this.#until(() => this.#hub.isLinked);
    const beganMs = this.#stage.clock.nowMs;
    for (let job = 0; job < jobs; job += 1) this.#hub.submit();
    this.#until(() => this.#concluded > 0 && this.#waiting === 0, true);
    const busyMs = this.#stage.clock.nowMs - beganMs;
    const { asked } = this.#cluster;
    this.#until(() => this.#hub.completes.size === jobs);
    const { slotMs, workingMs, longestIdleMs, mostQueued } = this.#taken;
    const allMs = busyMs * this.#cluster.slots;
    const ends = [...this.#hub.completes.values()].map(([first]) => first);
    return {
      succeeded: ends.filter((end) => end?.success === true).length,
      failures: ends.flatMap((end) => (end?.success === true ? [] : [end?.error])),
      ...{ busyMs, longestIdleMs, mostQueued, takenShare: slotMs / allMs, workingShare: workingMs / allMs },
      requestsPerSecond: asked / (busyMs / 1_000),
      complaints: this.#hub.complaints,
    };
  }

  #nextName(): string {
    this.#names += 1;
    return `perry-ship-0a1b2c3d-standby-${this.#names}`;
  }

  get #runs(): readonly Run[] {
    return this.#root.getSnapshot().context.runs;
  }

  get #concluded(): number {
    return this.#hub.completes.size;
  }

  /** Jobs that have no machine with a worker. */
  get #waiting(): number {
    const inLine = this.#runs.filter(({ phase }) => phase === 'admitting' || phase === 'waiting').length;
    return this.#hub.ledger.queueLength + inLine + this.#cluster.queued;
  }

  get #working(): number {
    return this.#runs.filter(({ ref }) => {
      const { value } = ref.getSnapshot() as { value: unknown };
      return /"owned":"ready"/.test(JSON.stringify(value));
    }).length;
  }

  #until(isSo: () => boolean, isMeasured = false): void {
    for (let step = 0; !isSo(); step += 1) {
      if (step > MOST_STEPS || this.#root.getSnapshot().status !== 'active')
        throw new Error('it never came to this');
      const [taken, working] = isMeasured ? [this.#cluster.taken, this.#working] : [0, 0];
      const atMs = this.#stage.clock.nowMs;
      this.#stage.clock.advanceToNext();
      if (isMeasured) this.#measure(this.#stage.clock.nowMs - atMs, taken, working);
      this.#serve();
    }
  }

  #measure(ms: number, taken: number, working: number): void {
    const sums = this.#taken;
    sums.slotMs += ms * taken;
    sums.workingMs += ms * working;
    sums.mostQueued = Math.max(sums.mostQueued, this.#cluster.queued);
    const { nowMs } = this.#stage.clock;
    const isIdle = this.#cluster.taken < this.#cluster.slots && this.#waiting > 0;
    if (!isIdle) sums.idleSinceMs = -1;
    else if (sums.idleSinceMs < 0) sums.idleSinceMs = nowMs;
    if (isIdle) sums.longestIdleMs = Math.max(sums.longestIdleMs, nowMs - sums.idleSinceMs);
  }

  #serve(): void {
    const { calls, clock } = this.#stage;
    for (; this.#seenCalls < calls.length; this.#seenCalls += 1) {
      const call = calls[this.#seenCalls];
      if (!call || this.#cluster.serve(call)) continue;
      if (call.port === 'hubSocket') this.#hub.knock(call);
      else if (call.port === 'makeVmName') call.answer(this.#nextName());
      // there are none, and it lives as long as the daemon
      else if (call.port !== 'interruptedJobs') {
        const durationMs = this.#ports.durationOf(call);
        if (durationMs !== undefined)
          clock.setTimeout(() => call.isOpen && this.#ports.end(call), durationMs);
      }
    }
    calls.length = 0;
    this.#seenCalls = 0;
    for (const socket of this.#stage.open('hubSocket')) this.#hub.read(socket);
  }
}
