import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/package-root.ts';
import { HUB_SECRET } from './hub-messages.ts';
import { type StateLine, stateLineOf, staysOf } from './state-lines.ts';

/** Whoever hands out jobs. */
export interface DaemonHub {
  readonly addresses: { readonly webSocketUrl: string };
  untilWorker(): Promise<unknown>;
}

export interface DaemonSetup {
  readonly hub: DaemonHub;
  readonly stateDir: string;
  readonly rcodesign: string;
  /** Machines that are booted before a job needs one. */
  readonly standby: number;
  /** A built checkout whose daemon it is; this one by default. */
  readonly checkout?: string | undefined;
  /** Settings beside the usual ones, or in their place. */
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Of its log, and of whatever else it writes there. */
  readonly onLine?: (line: string) => void;
}

/** `perry-ship run` as an operator starts it, followed by its log. */
export class DaemonProcess {
  readonly pid: number;
  /** Every change of a statechart's state so far. */
  readonly states: StateLine[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stateDir: string;
  readonly #tail: string[] = [];
  /** A daemon that does not end well ends the bench. */
  readonly #ended: Promise<void>;
  #changed: () => void = () => {};

  private constructor(child: ChildProcessWithoutNullStreams, { stateDir, onLine = () => {} }: DaemonSetup) {
    this.#child = child;
    this.#stateDir = stateDir;
    this.pid = child.pid ?? 0;
    createInterface({ input: child.stderr }).on('line', (line) => {
      onLine(line);
      this.#hear(line);
    });
    child.stdout.resume();
    this.#ended = once(child, 'close').then(([code]) => {
      if (code === 0) return;
      console.error(`the daemon ended with ${code}:\n${this.#tail.join('\n')}`);
      process.exit(1);
    });
  }

  static async start(setup: DaemonSetup): Promise<DaemonProcess> {
    const { hub, stateDir, rcodesign, standby, checkout, env, nodeArgs = [] } = setup;
    const program = join(checkout ?? packageRoot(), 'dist/src/cli/perry-ship.js');
    const { PATH, HOME, TMPDIR } = process.env;
    const allNodeArgs = [...nodeArgs, ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? [])];
    const child = spawn(process.execPath, [...allNodeArgs, program, 'run'], {
      env: {
        PATH,
        HOME,
        ...(TMPDIR && { TMPDIR }),
        PERRY_HUB_URL: hub.addresses.webSocketUrl,
        PERRY_HUB_WORKER_SECRET: HUB_SECRET,
        PERRY_WORKER_NAME: 'bench',
        PERRY_VM_DRIVER: 'local',
        PERRY_VM_STANDBY: String(standby),
        PERRY_STATE_DIR: stateDir,
        PERRY_RCODESIGN: rcodesign,
        PERRY_TIMESTAMP_URL: 'none',
        PERRY_LOG_LEVEL: 'debug',
        ...env,
      },
    });
    const daemon = new DaemonProcess(child, setup);
    await hub.untilWorker();
    return daemon;
  }

  #hear(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > 20) this.#tail.shift();
    const state = stateLineOf(line);
    if (!state) return;
    this.states.push(state);
    this.#changed();
  }

  get finishedRuns(): number {
    return this.states.filter(({ isFinal }) => isFinal).length;
  }

  /** Waits until so many runs have ended and their machines are gone, so that what follows is not disturbed. */
  untilFinished(runs: number): Promise<void> {
    return this.#until(() => this.finishedRuns >= runs);
  }

  /** Waits until so many standby machines can be handed over. */
  untilReady(machines: number): Promise<void> {
    const latest = () => new Map(this.states.map(({ actor, state }) => [actor, state]));
    const isReady = ([actor, state]: [string, string]) =>
      actor.includes('/standby.') && state === 'ready.serving';
    return this.#until(() => [...latest()].filter(isReady).length >= machines);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }

  /** Of each run, in order: from its assignment to its first command in the guest. */
  waitsForGuest(): number[] {
    const runs = new Set(
      this.states.map(({ actor }) => actor).filter((actor) => /\/run\.[^/]+$/.test(actor)),
    );
    return [...runs].map((run) => {
      const lines = this.states.filter(({ actor }) => actor === run);
      const first = lines.find(({ state }) => state === 'transferring');
      return (first?.atMs ?? Number.NaN) - (lines[0]?.atMs ?? Number.NaN);
    });
  }

  /** The states of the last run and of its machine, in order. */
  lastRun(): { readonly work: readonly StateLine[]; readonly machine: readonly StateLine[] } {
    const actor = this.states.findLast(({ isFinal }) => isFinal)?.actor ?? '';
    const of = (name: string) => this.states.filter((line) => line.actor === name);
    return { work: of(actor), machine: of(`${actor}/vm`) };
  }

  /** How long the last machine took to be ready, and how long its job had nothing else to do. */
  lastBoot(): { readonly bootMs: number; readonly waitMs: number } {
    const { work, machine } = this.lastRun();
    const readyAtMs = machine.find(({ state }) => state.startsWith('ready'))?.atMs ?? Number.NaN;
    const wait = staysOf(work).find(({ state }) => state === 'awaitingMachine');
    return { bootMs: readyAtMs - (machine[0]?.atMs ?? Number.NaN), waitMs: wait?.ms ?? 0 };
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    await rm(this.#stateDir, { recursive: true, force: true });
  }
}
