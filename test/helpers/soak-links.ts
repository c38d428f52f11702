import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { waitFor } from 'xstate';
import { type EmbeddedHub, startEmbeddedHub, type WireMessage } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, WORKER_SECRET } from './daemon.ts';
import { type InstantDaemon, instantSubmission, startInstantDaemon } from './instant-daemon.ts';
import { type SeededRandom, seededRandom } from './soak-random.ts';

const JOBS_AT_ONCE = 2;
const MAX_TURNS = 60;
/** Long enough for a busy host to answer, short enough for a thousand links. */
const limits = {
  hub: { greetingGrace: 5, backoff: 5, heartbeatInterval: 60, silenceTimeout: 300, closeTimeout: 20 },
  signJob: { retryPause: 250, reassignmentTimeout: 300 },
};

/**
 * Our result and a new assignment of the same job crossed on their way: the new run learns from its dead token that it
 * is not needed, at its upload for example, and has told its stages until then. And a hub that notices late that a link
 * has ended takes a job back of which it has said that it is ours.
 */
const CROSSED =
  /^(stage|progress|log|upload) after complete|about a job that waits or that another worker has/;

const HUB_GAVE_UP = 'Builder disconnected';
/**
 * Without what the hub itself says. It may give a job up while our result is on its way: it notices the end of an old
 * link only after we have asked whether the job is still ours.
 */
const ours = (answers: readonly WireMessage[]) => answers.filter(({ error }) => error !== HUB_GAVE_UP);

const faults = ['dropped', 'closed', 'refused', 'halfOpen'] as const;
export type LinkFault = (typeof faults)[number];

export interface Storm {
  readonly faults: Readonly<Record<LinkFault, number>>;
  readonly jobs: number;
  readonly succeeded: number;
  /** The hub itself gave them up, after its links had broken too often. */
  readonly givenUp: number;
  /** Handed out on a link that broke before we had read it, and never again: nobody can know. */
  readonly neverHeard: number;
}

export interface StormOptions {
  readonly folder: string;
  readonly seed: number;
  readonly count: number;
}

/** A daemon with two jobs at work whose link breaks again and again, each time in another way. */
export async function storm({ folder, seed, count }: StormOptions): Promise<Storm> {
  const room = await mkdtemp(join(folder, 'storm-'));
  await mkdir(join(room, 'hub'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  try {
    const weather = await Weather.begin(hub, join(room, 'state'), seed);
    return await weather.rage(count).catch((error: unknown) => {
      console.error(weather.standing());
      throw error;
    });
  } finally {
    await hub.stop();
  }
}

class Weather {
  readonly #hub: EmbeddedHub;
  readonly #random: SeededRandom;
  readonly #jobs: string[] = [];
  /** What jobs that are at work wait for. */
  readonly #held = new Map<string, (() => void)[]>();
  /** How often we were told of each job. */
  readonly #heard = new Map<string, number>();
  readonly #counts: Record<LinkFault, number> = { dropped: 0, closed: 0, refused: 0, halfOpen: 0 };
  #faultsLeft: LinkFault[] = [];
  #tail: readonly string[] = [];
  /** How often the daemon has lost a link. */
  #losses = 0;
  #instant: InstantDaemon | undefined;

  private constructor(hub: EmbeddedHub, seed: number) {
    this.#hub = hub;
    this.#random = seededRandom(seed);
  }

  static async begin(hub: EmbeddedHub, stateDir: string, seed: number): Promise<Weather> {
    const weather = new Weather(hub, seed);
    weather.#instant = await startInstantDaemon({
      ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir, limits },
      working: (jobId) => weather.#hold(jobId),
      writeLog: (line) => weather.#hear(line),
    });
    return weather;
  }

  get #daemon() {
    return (this.#instant as InstantDaemon).daemon;
  }

  #hold(jobId: string): Promise<void> {
    return new Promise((release) => {
      this.#held.set(jobId, [...(this.#held.get(jobId) ?? []), release]);
    });
  }

  #hear(line: string): void {
    const { msg, job } = JSON.parse(line) as { msg?: string; job?: string };
    this.#tail = [...this.#tail.slice(-20), line.trim()];
    if (msg === 'link to the hub lost') this.#losses += 1;
    if (msg === 'job assigned' && job) this.#heard.set(job, (this.#heard.get(job) ?? 0) + 1);
  }

  #release(jobId: string): void {
    for (const release of this.#held.get(jobId) ?? []) release();
    this.#held.delete(jobId);
  }

  async #turns(): Promise<void> {
    for (let left = this.#random.between(0, MAX_TURNS); left > 0; left -= 1) await setImmediate();
  }

  /** Now and then a job gets on, at any moment. */
  async #perhapsOneGoesOn(): Promise<void> {
    await this.#turns();
    const [oldest] = this.#held.keys();
    if (oldest && this.#random.next() < 0.5) this.#release(oldest);
    await this.#turns();
  }

  /** What a failure is understood by. */
  standing(): string {
    const { value, context } = this.#daemon.supervisor.getSnapshot();
    const jobs = this.#open().map((id) => ({
      id,
      status: this.#hub.jobStatus(id),
      handedOut: this.#hub.assignments.filter(({ jobId }) => jobId === id).length,
      heard: this.#heard.get(id) ?? 0,
    }));
    const runs = context.runs.map(({ jobId, phase }) => ({ jobId, phase }));
    const counts = { faults: this.#counts, losses: this.#losses };
    return JSON.stringify({ value, runs, jobs, workers: this.#hub.workers(), ...counts, tail: this.#tail });
  }

  async rage(count: number): Promise<Storm> {
    for (let done = 0; done < count; done += 1) {
      await this.#linked();
      await this.#fillUp();
      await this.#perhapsOneGoesOn();
      await this.#break(this.#nextFault());
    }
    await this.#calm();
    return this.#account();
  }

  #online() {
    const { supervisor } = this.#daemon;
    return waitFor(supervisor, (snapshot) => snapshot.matches({ serving: { link: 'online' } }), {
      timeout: 40_000,
    });
  }

  async #linked(): Promise<void> {
    await this.#online();
    await this.#hub.until(() => this.#hub.workers()[0], patience());
  }

  async #lostAfter(losses: number): Promise<void> {
    await vi.waitFor(() => expect(this.#losses).toBeGreaterThan(losses), { timeout: 40_000, interval: 2 });
  }

  #open(): string[] {
    return this.#jobs.filter((id) => ['queued', 'running'].includes(this.#hub.jobStatus(id) ?? ''));
  }

  /** One at a time, each until we have it, unless the hub keeps it back or the link breaks. */
  async #fillUp(): Promise<void> {
    while (this.#open().filter((id) => !this.#isNeverHeard(id)).length < JOBS_AT_ONCE) {
      const jobId = await this.#hub.submitJob(instantSubmission);
      this.#jobs.push(jobId);
      if (this.#hub.jobStatus(jobId) === 'queued') return;
      const losses = this.#losses;
      const isSettled = () =>
        this.#heard.has(jobId) || this.#losses > losses || this.#hub.jobStatus(jobId) !== 'running';
      await vi.waitFor(() => expect(isSettled()).toBe(true), { timeout: 40_000, interval: 2 });
    }
  }

  /** Each kind has had its turn before one comes again. */
  #nextFault(): LinkFault {
    if (this.#faultsLeft.length === 0) this.#faultsLeft = this.#random.shuffled(faults);
    return this.#faultsLeft.pop() as LinkFault;
  }

  async #break(fault: LinkFault): Promise<void> {
    const hub = this.#hub;
    const losses = this.#losses;
    this.#counts[fault] += 1;
    if (fault === 'refused') await hub.refuseConnections(true);
    if (fault === 'halfOpen') return this.#halfOpen(losses);
    // a job that the hub gave to a link of before would be lost, and nobody to blame
    const noticed = hub.dropAllSockets({ cleanly: fault === 'closed' });
    await this.#perhapsOneGoesOn();
    await this.#lostAfter(losses);
    await this.#perhapsOneGoesOn();
    if (fault === 'refused') await hub.refuseConnections(false);
    await noticed;
  }

  /** The hub notices later than we do, or sooner. */
  async #halfOpen(losses: number): Promise<void> {
    this.#hub.freezeSockets();
    await this.#perhapsOneGoesOn();
    const isLate = this.#random.next() < 0.7;
    if (isLate) await this.#lostAfter(losses);
    if (isLate && this.#random.next() < 0.5) await this.#online();
    await this.#hub.noticeFrozenSockets();
    await this.#lostAfter(losses);
  }

  #isNeverHeard(jobId: string): boolean {
    const assigned = this.#hub.assignments.filter((one) => one.jobId === jobId).length;
    const { runs } = this.#daemon.supervisor.getSnapshot().context;
    return (
      this.#hub.jobStatus(jobId) === 'running' &&
      assigned > (this.#heard.get(jobId) ?? 0) &&
      !runs.some((run) => run.jobId === jobId)
    );
  }

  /** Everything goes on; a fresh link makes the hub count from the beginning. */
  async #calm(): Promise<void> {
    await vi.waitFor(
      async () => {
        for (const jobId of [...this.#held.keys()]) this.#release(jobId);
        const open = this.#open().filter((id) => !this.#isNeverHeard(id));
        if (open.some((id) => this.#hub.jobStatus(id) === 'queued')) this.#hub.dropAllSockets();
        expect(open).toEqual([]);
        expect(this.#daemon.supervisor.getSnapshot().context.runs).toEqual([]);
      },
      { timeout: 60_000, interval: 100 },
    );
  }

  async #account(): Promise<Storm> {
    const { driver } = this.#instant as InstantDaemon;
    const { supervisor, services, finished } = this.#daemon;
    const ends = this.#jobs.map((id) => this.#hub.messages(id).filter(({ type }) => type === 'complete'));
    expect(driver.mostAlive).toBeLessThanOrEqual(JOBS_AT_ONCE);
    expect(this.#hub.violations.filter((text) => !CROSSED.test(text))).toEqual([]);
    expect(ends.map(ours).filter((answers) => answers.length > 1)).toEqual([]);
    await vi.waitFor(() => expect(services.vault.size).toBe(0), { timeout: 20_000, interval: 20 });
    expect(services.runs.size).toBe(0);
    supervisor.send({ type: 'drain.requested' });
    await finished;
    expect([...driver.clones]).toEqual([]);
    expect(ends.flatMap(ours).filter(({ success }) => success !== true)).toEqual([]);
    const answered = ends.filter((answers) => answers.length > 0);
    const succeeded = answered.filter((answers) => ours(answers).length > 0).length;
    return {
      ...{ faults: this.#counts, jobs: this.#jobs.length, succeeded },
      givenUp: answered.length - succeeded,
      neverHeard: ends.length - answered.length,
    };
  }
}
