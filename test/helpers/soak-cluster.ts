import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { createClusterLook } from '../../src/actors/cluster-look.ts';
import { createClusterFollower } from '../../src/actors/cluster-machines.ts';
import { instanceOf } from '../../src/daemon/instance.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { orchardDriver, quickPauses } from '../orchard-emulator/driver.ts';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import { startLightGuest } from '../orchard-emulator/light-guest.ts';
import type { Vm } from '../orchard-emulator/resources.ts';
import { WORKER_SECRET } from './daemon.ts';
import { type InstantDaemon, instantSubmission, startInstantDaemon } from './instant-daemon.ts';
import { type ClusterFault, clusterFaults } from './soak-cluster-faults.ts';
import { type SeededRandom, seededRandom } from './soak-random.ts';
import { lastWord } from './soak-several.ts';

const SLOTS = 2;
const TICK_MS = 20;
const PATIENCE = { timeout: 90_000, interval: 4 };
/** Of somebody else on the same cluster: another perry-ship, and whoever. */
const STRANGERS = ['perry-ship-deadbeef-3f2a1b00-0000-4000-8000-000000000001', 'build-agent-7'];

/** The shape of the real times, for ticks of twenty milliseconds instead of five seconds. */
const clusterLimits = {
  ...quickPauses,
  ...{ lookPause: 30, requestPause: 40, anotherPause: 40, requestTimeout: 1_500, answerTimeout: 1_500 },
  ...{
    creationTimeout: 6_000,
    queueTimeout: 4_000,
    takeTimeout: 1_500,
    makeTimeout: 1_500,
    silenceTimeout: 4_000,
  },
  ...{ removalTimeout: 4_000, lateTimeout: 1_000 },
};
const limits = {
  supervisor: { leakSweepPause: 100 },
  signJob: { machineTimeout: 60_000 },
  pool: { recoveryPause: 100 },
  vm: {
    ...{ cloneTimeout: 20_000, locateTimeout: 3_000, connectTimeout: 4_000, connectPause: 30 },
    ...{ stopTimeout: 2_000, deleteTimeout: 2_000, deletePause: 50 },
  },
};

export interface ClusterStormOptions {
  readonly folder: string;
  readonly seed: number;
  readonly faults: readonly ClusterFault[];
  /** Machines that stand by. */
  readonly standby: number;
}

export interface ClusterStorm {
  /** What became of each job: `succeeded`, or a code. */
  readonly lastWords: readonly string[];
  readonly machinesAsked: number;
  /** Faults that met something: a request of their kind was made, or there was a machine. */
  readonly struck: number;
}

/** Each fault often enough, in an order of the seed, dealt out to so many storms. */
export function dealFaults(seed: number, count: number, storms: number): ClusterFault[][] {
  const random = seededRandom(seed);
  const dealt: ClusterFault[] = [];
  while (dealt.length < count) dealt.push(...random.shuffled(clusterFaults));
  return Array.from({ length: storms }, (_, own) =>
    dealt.slice(0, count).filter((_, at) => at % storms === own),
  );
}

/** A daemon on a cluster in which one thing after another goes wrong. */
export async function clusterStorm({
  folder,
  seed,
  faults,
  standby,
}: ClusterStormOptions): Promise<ClusterStorm> {
  const room = await mkdtemp(join(folder, 'cluster-'));
  await mkdir(join(room, 'hub'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const workers = ['mac-01', 'mac-02', 'mac-03', 'mac-04'].map((name) => ({ name, labels: { host: name } }));
  const knobs = { offlineTicks: 15, bootTicks: 1, chunkBytes: [65_536], secondMs: 20, lateMs: 150 };
  const host = await orchardHost({ workers, knobs, tickMs: TICK_MS, startGuest: startLightGuest });
  const storm = await Storm.begin(hub, host, { stateDir: join(room, 'state'), seed, standby });
  try {
    for (const [number, fault] of faults.entries()) {
      await storm.round(fault, number).catch((cause) => {
        throw new Error(`round ${number} of seed ${seed}: ${fault.name}: ${cause}\n${storm.standing()}`, {
          cause,
        });
      });
    }
    await storm.end();
    return { lastWords: storm.lastWords, machinesAsked: storm.machinesAsked, struck: storm.struck.size };
  } finally {
    await hub.stop();
    await host.remove();
  }
}

class Storm {
  readonly lastWords: string[] = [];
  /** Numbers of the rounds whose fault met something. */
  readonly struck = new Set<number>();
  readonly #hub: EmbeddedHub;
  readonly #host: OrchardHost;
  readonly #random: SeededRandom;
  readonly #prefix: string;
  readonly #held = new Map<string, (() => void)[]>();
  readonly #strangers: readonly Vm[];
  #daemon: InstantDaemon['daemon'] | undefined;
  #notes: string[] = [];
  #standby: number;

  private constructor(hub: EmbeddedHub, host: OrchardHost, seed: number, instance: string, standby: number) {
    [this.#hub, this.#host, this.#random] = [hub, host, seededRandom(seed)];
    this.#prefix = `perry-ship-${instance}-`;
    this.#standby = standby;
    const { cluster } = host;
    this.#strangers = STRANGERS.map((name) => cluster.create({ name, image: 'golden', headless: true }));
    const create = cluster.create.bind(cluster);
    cluster.create = (body) => {
      const made = create(body);
      this.#countOurs();
      return made;
    };
  }

  static async begin(
    hub: EmbeddedHub,
    host: OrchardHost,
    { stateDir, seed, standby }: { stateDir: string; seed: number; standby: number },
  ): Promise<Storm> {
    const instance = await instanceOf(stateDir);
    const storm = new Storm(hub, host, seed, instance, standby);
    const note = (level: string, text: string, facts?: object) =>
      storm.#note(JSON.stringify({ level, text, ...facts }));
    const driver = orchardDriver(host, {
      ...{ instance, note },
      follow: createClusterFollower(clusterLimits),
      share: createClusterLook({ lookPause: 10, answerTimeout: 1_000 }),
    });
    const { daemon } = await startInstantDaemon({
      ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir, limits, driver },
      env: {
        PERRY_TART_IMAGE: 'golden',
        PERRY_MAX_CONCURRENT_BUILDS: String(SLOTS),
        PERRY_VM_STANDBY: String(standby),
      },
      working: (jobId) => storm.#hold(jobId),
      writeLog: (line) => storm.#note(line.trim()),
    });
    storm.#daemon = daemon;
    return storm;
  }

  get machinesAsked(): number {
    return this.#host.cluster.calls.filter(({ method }) => method === 'POST').length;
  }

  #note(line: string): void {
    this.#notes = [...this.#notes.slice(-60), line];
  }

  #ours = (): Vm[] =>
    [...this.#host.cluster.vms.values()].filter(({ name }) => name.startsWith(this.#prefix));

  /** A machine for each slot and no more; what a late request has made has lost its owner already. */
  #mayBeLate = false;
  readonly #tooMany: string[] = [];
  #countOurs(): void {
    // one that could not be removed is tried again, and holds no slot meanwhile
    const leaked = this.#daemon?.supervisor.getSnapshot().context.leaked ?? [];
    const names = this.#ours().flatMap(({ name }) => (leaked.includes(name) ? [] : [name]));
    if (names.length > SLOTS && !this.#mayBeLate) this.#tooMany.push(names.join(' '));
  }

  #hold(jobId: string): Promise<void> {
    return new Promise((release) => {
      this.#held.set(jobId, [...(this.#held.get(jobId) ?? []), release]);
    });
  }

  #release(): void {
    for (const releases of this.#held.values()) for (const release of releases) release();
    this.#held.clear();
  }

  async #ticks(count: number): Promise<void> {
    const { cluster } = this.#host;
    const until = cluster.ticks + count;
    await vi.waitFor(() => expect(cluster.ticks).toBeGreaterThanOrEqual(until), {
      timeout: 60_000,
      interval: 2,
    });
    for (let left = this.#random.between(0, 20); left > 0; left -= 1) await turn();
  }

  /** Something goes wrong at some moment of one job or two, and is mended at another one. */
  async round(fault: ClusterFault, number: number): Promise<void> {
    const random = this.#random;
    this.#mayBeLate = /late|somebody/.test(fault.name);
    const isEarly = random.next() < 0.4;
    this.#host.knobs.fault = undefined;
    const struck = () => void this.struck.add(number);
    const scene = { host: this.#host, random, ours: this.#ours, struck };
    const first = isEarly ? fault.strike(scene) : undefined;
    const jobs = [await this.#hub.submitJob(instantSubmission)];
    if (random.next() < 0.5) jobs.push(await this.#hub.submitJob(instantSubmission));
    await this.#ticks(random.between(0, 10));
    const mend = isEarly ? first : fault.strike(scene);
    if (random.next() < 0.5) this.#release();
    await this.#ticks(random.between(1, 25));
    await mend?.();
    await this.#over(jobs);
  }

  async #over(jobs: readonly string[]): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE.timeout);
    let isOver = false;
    const all = Promise.all(jobs.map((job) => this.#hub.completed(job, signal))).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      this.#release();
      await Promise.race([all, this.#ticks(1)]);
    }
    await all;
    for (const job of jobs) this.lastWords.push(lastWord(this.#hub.messages(job)));
    await this.#calm();
  }

  /** Nothing is left but machines that stand by, and what is somebody else's is as it was. */
  async #calm(): Promise<void> {
    const { supervisor, services } = this.#daemon as InstantDaemon['daemon'];
    const { cluster } = this.#host;
    await vi.waitFor(() => {
      const { runs, leaked } = supervisor.getSnapshot().context;
      expect(runs).toEqual([]);
      expect(leaked).toEqual([]);
      expect(services.vault.size).toBe(0);
      expect(this.#ours().length, 'machines').toBe(this.#standby);
      expect(services.guests.size, 'connections').toBe(this.#standby);
      expect(cluster.tunnels.size, 'tunnels').toBe(this.#standby);
      for (const { name, uid } of this.#strangers) expect(cluster.vms.get(name)?.uid).toBe(uid);
    }, PATIENCE);
    expect(this.#tooMany, 'more machines than slots').toEqual([]);
    // whether our account may remove machines is asked about one that does not exist
    const removable = [this.#prefix, 'perry-ship-nobody-'].map((prefix) => `/vms/${prefix}`);
    const removed = cluster.calls.filter(({ method }) => method === 'DELETE');
    expect(removed.filter(({ path }) => !removable.some((start) => path.startsWith(start)))).toEqual([]);
    expect(cluster.violations).toEqual([]);
    expect(this.#hub.violations).toEqual([]);
  }

  async end(): Promise<void> {
    const { supervisor, finished } = this.#daemon as InstantDaemon['daemon'];
    this.#standby = 0;
    supervisor.send({ type: 'drain.requested' });
    await finished;
    await vi.waitFor(() => expect(this.#ours()).toEqual([]), PATIENCE);
    expect(this.#host.cluster.tunnels.size).toBe(0);
  }

  /** What a failure is understood by. */
  standing(): string {
    const { value, context } = (this.#daemon as InstantDaemon['daemon']).supervisor.getSnapshot();
    const machines = this.#ours().map(({ name, status, worker, uid }) => ({ name, status, worker, uid }));
    return [JSON.stringify({ value, leaked: context.leaked, machines }), ...this.#notes].join('\n');
  }
}
