import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
} from '../../src/embedded-hub/embedded-hub.ts';
import { type RunningCli, startCli } from '../integration/cli.ts';
import { expectOneComplete } from '../integration/judges.ts';
import { patience, settingsFor, WORKER_SECRET } from './daemon.ts';
import { filesBelow, processesOf, strangersIn } from './leak-check.ts';
import { asText, type SecretWatch, watchCredentials, watchSecrets } from './secret-watch.ts';
import { earlyMoments, lateMoments, type Moment, momentsIn, nameOf, refusedUploads } from './soak-moments.ts';
import { seededRandom } from './soak-random.ts';

/** The hub hands a job out four times at most; the last time it is let through. */
const LAST_HAND_OUT = 4;
const KILLS_BEFORE_LAST = LAST_HAND_OUT - 1;
/** After the moment, so many more lines of the log are let pass. */
const MAX_MORE_LINES = 2;
/** With these a life is over, whatever was waited for. */
const END: readonly string[] = ['run: succeeded', 'run: failed', 'run: cancelled', 'run: dropped'];

/** In which state each kind of actor stood when its daemon was killed. */
export type Standing = Partial<Record<Moment['actor'], string>>;

/** How a life ended: where everybody stood, and the moment that it was to end at, when that has come. */
export interface LastLook {
  readonly standing: Standing;
  readonly reached?: Moment;
}

export interface Lives {
  readonly lastLooks: readonly LastLook[];
  readonly completedJobs: number;
}

export interface LivesOptions {
  readonly folder: string;
  readonly seed: number;
  readonly kills: number;
  readonly jobs: readonly JobSubmission[];
  /** This one of so many that share the moments. */
  readonly lane: readonly [number, number];
}

/** One state folder, one hub, and a daemon that is killed again and again. */
export async function liveAndDie(options: LivesOptions): Promise<Lives> {
  const room = await mkdtemp(join(options.folder, 'lives-'));
  await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(room, name))));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const cell = new Cell(room, hub, options);
  try {
    return await cell.live(await settingsFor(hub, room));
  } finally {
    cell.end();
    await hub.stop();
  }
}

class Cell {
  readonly #room: string;
  readonly #stateDir: string;
  readonly #hub: EmbeddedHub;
  readonly #options: LivesOptions;
  readonly #secrets: SecretWatch = watchSecrets();
  readonly #lastLooks: LastLook[] = [];
  /** Names of everything that the last life had when it was killed. */
  #left: string[] = [];
  #jobId: string | undefined;
  #newest: RunningCli | undefined;
  readonly #jobs: string[] = [];

  constructor(room: string, hub: EmbeddedHub, options: LivesOptions) {
    this.#room = room;
    this.#stateDir = join(room, 'state');
    this.#hub = hub;
    this.#options = options;
    this.#secrets.add('the worker secret', WORKER_SECRET);
    for (const job of options.jobs) watchCredentials(this.#secrets, job);
  }

  async live(settings: Record<string, string>): Promise<Lives> {
    const env = { ...settings, PERRY_LOG_LEVEL: 'debug', TMPDIR: join(this.#room, 'tmp') };
    const plan = planOf(this.#options);
    for (let kill = 0; kill < this.#options.kills; kill += 1) {
      await this.#openJob();
      await this.#oneLife(this.#start(env), plan);
    }
    await this.#lastLife(this.#start(env));
    return { lastLooks: this.#lastLooks, completedJobs: this.#jobs.length };
  }

  #start(env: Readonly<Record<string, string>>): RunningCli {
    this.#newest = startCli(env, 'run');
    return this.#newest;
  }

  /** Whatever went wrong, no daemon is left. */
  end(): void {
    this.#newest?.signal('SIGKILL');
  }

  /** The hub has one job for us: the one that the last life could not end, or a new one. */
  async #openJob(): Promise<void> {
    const status = this.#jobId === undefined ? 'none' : this.#hub.jobStatus(this.#jobId);
    if (status === 'queued' || status === 'running') return;
    const { jobs } = this.#options;
    this.#jobId = await this.#hub.submitJob(jobs[this.#jobs.length % jobs.length] as JobSubmission);
    this.#jobs.push(this.#jobId);
  }

  get #handOuts(): number {
    return this.#hub.assignments.filter(({ jobId }) => jobId === this.#jobId).length;
  }

  async #oneLife(daemon: RunningCli, plan: Plan): Promise<void> {
    const isLast = this.#handOuts >= KILLS_BEFORE_LAST;
    const { moment, moreLines } = isLast ? plan.late() : plan.early();
    this.#makeReachable(moment);
    const swept = this.#expectSwept(daemon);
    const lastLook = await untilMoment(daemon, moment, moreLines);
    // a job that is handed out for the last time would be given up by the hub
    if (isLast) await this.#hub.completed(this.#jobId ?? '', patience());
    daemon.signal('SIGKILL');
    expect(await daemon.ended).toBe('SIGKILL');
    await swept;
    await this.#hub.until(() => (this.#hub.workers().length === 0 ? true : undefined), patience());
    this.#lastLooks.push(lastLook);
    this.#left = await this.#names();
    await this.#expectNoSecret(daemon);
  }

  #makeReachable(moment: Moment): void {
    if (moment.state === 'running.downloading.pausing') this.#hub.failNextDownloads(1, 503);
    this.#hub.failNextUploads(refusedUploads(moment), 503);
  }

  /** When work begins, nothing of previous processes is there any more. */
  async #expectSwept(daemon: RunningCli): Promise<void> {
    const earlier = this.#left;
    const begun = await saidBeforeEnd(daemon, (line) => nameIn(line, 'supervisor: serving.work.accepting'));
    if (!begun) return;
    const names = new Set(await this.#names());
    expect(earlier.filter((name) => names.has(name))).toEqual([]);
    const clones = earlier
      .filter((name) => name.startsWith('clones/'))
      .map((name) => join(this.#stateDir, name));
    const orphans = () => clones.flatMap((clone) => processesOf(clone));
    await vi.waitFor(() => expect(orphans()).toEqual([]), { timeout: 10_000, interval: 10 });
  }

  async #names(): Promise<string[]> {
    const listed = async (folder: string) =>
      (await readdir(join(this.#stateDir, folder)).catch(() => [])).map((name) => `${folder}/${name}`);
    return (await Promise.all(['clones', 'runs', 'journal/machines', 'journal/uploads'].map(listed))).flat();
  }

  async #expectNoSecret({ lines }: RunningCli): Promise<void> {
    for (const { token } of this.#hub.assignments.slice(-1)) this.#secrets.add('a token', token);
    this.#secrets.look('the log', lines.join('\n'));
    await this.#secrets.lookInFiles('the state folder', this.#stateDir);
    expect(this.#secrets.findings).toEqual([]);
  }

  /** Not killed: it ends what is open and leaves nothing. */
  async #lastLife(daemon: RunningCli): Promise<void> {
    await this.#hub.until(() => (this.#isAllDone() ? true : undefined), patience());
    await daemon.said(/linked to the hub/);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    await vi.waitFor(() => expect(processesOf(this.#stateDir)).toEqual([]), {
      timeout: 10_000,
      interval: 20,
    });
    expect(await strangersIn(this.#stateDir)).toEqual([]);
    expect(await filesBelow(join(this.#room, 'tmp'))).toEqual([]);
    expect(this.#hub.violations).toEqual([]);
    for (const job of this.#jobs) {
      const messages = this.#hub.messages(job);
      expectOneComplete(messages);
      expect(messages.at(-1), asText(messages)).toMatchObject({ success: true });
    }
  }

  #isAllDone(): boolean {
    return this.#jobs.every((job) => this.#hub.jobStatus(job) === 'completed');
  }
}

interface Plan {
  early(): { readonly moment: Moment; readonly moreLines: number };
  late(): { readonly moment: Moment; readonly moreLines: number };
}

/** Each moment of this lane has had its turn before one comes again; the order is that of the seed. */
function planOf({ seed, lane: [own, lanes] }: LivesOptions): Plan {
  const random = seededRandom(seed);
  const turns = (all: readonly Moment[]) => {
    const moments = all.filter((_, index) => index % lanes === own);
    let left: Moment[] = [];
    return () => {
      if (left.length === 0) left = random.shuffled(moments);
      return { moment: left.pop() as Moment, moreLines: random.between(0, MAX_MORE_LINES) };
    };
  };
  return { early: turns(earlyMoments), late: turns(lateMoments) };
}

const nameIn = (line: string, name: string): boolean =>
  momentsIn(line).some((moment) => nameOf(moment) === name);

/** False when it ended before. */
const saidBeforeEnd = (daemon: RunningCli, fits: (line: string) => boolean): Promise<boolean> =>
  new Promise((resolve) => {
    daemon.onLine((line) => fits(line) && resolve(true));
    void daemon.ended.then(() => resolve(false));
  });

/** Resolves when the moment has come and some lines more, or the run is over. */
export async function untilMoment(daemon: RunningCli, wanted: Moment, moreLines: number): Promise<LastLook> {
  let left: number | undefined;
  let isOver = false;
  const standing: Standing = {};
  const came = await saidBeforeEnd(daemon, (line) => {
    if (isOver) return false;
    const moments = momentsIn(line);
    for (const { actor, state } of moments.toReversed()) standing[actor] = state;
    const names = moments.map(nameOf);
    if (left !== undefined) left -= 1;
    else if (names.includes(nameOf(wanted))) left = moreLines;
    isOver = left === 0 || names.some((name) => END.includes(name));
    return isOver;
  });
  if (!came) throw new Error(`ended by itself:\n${daemon.lines.join('\n')}`);
  return { standing, ...(left !== undefined && { reached: wanted }) };
}
