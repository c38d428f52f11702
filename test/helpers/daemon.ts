import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { waitFor } from 'xstate';
import { loadConfig } from '../../src/config/load.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import {
  type EmbeddedHub,
  type EmbeddedHubOptions,
  type JobSubmission,
  startEmbeddedHub,
  type WireMessage,
} from '../../src/embedded-hub/embedded-hub.ts';
import { runLimitsOf } from '../../src/run/host/limits.ts';
import type { StartRun } from '../../src/run/host/link.ts';
import type { Limits } from '../../src/run/limits.ts';
import { type HeldSigning, holdSigning, lieWhenSigning, recordingRcodesign } from './held-rcodesign.ts';
import { lateRuns } from './late-runs.ts';
import { activeResources, expectGone, expectIdle } from './leak-check.ts';
import { asText, type SecretWatch, watchCredentials, watchSecrets } from './secret-watch.ts';
import { type StateWatch, watchStates } from './state-watch.ts';

export { holdSigning } from './held-rcodesign.ts';

export const WORKER_SECRET = 'w0rker-s3cret-of-the-tests';
/** Longer than anything here takes; a test that waits for it has failed. */
export const patience = (ms = 40_000): AbortSignal => AbortSignal.timeout(ms);

export interface SceneOptions {
  /** What happens between the start of the hub and that of the daemon. */
  readonly first?: (hub: EmbeddedHub, stateDir: string) => Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  readonly hub?: EmbeddedHubOptions;
  readonly limits?: Limits;
  /** Texts that must be seen nowhere, by name, beside those of the jobs. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** How long what a job left may take to go. */
  readonly settleMs?: number;
  /** How long a start, a job, or a state of one may be waited for, where machines are slow. */
  readonly patienceMs?: number;
  /** Takes the place of a process for each run, where that is not what is proven: it takes more CPU to start than most jobs. */
  readonly startRun?: StartRun;
  /** Processes stand by for runs, as they do in production. */
  readonly runsStandBy?: true;
  /** False where the looking itself would be measured. */
  readonly looksForSecrets?: false;
}

/** A hub, a daemon, and folders of their own. */
export interface Scene extends StateWatch {
  readonly hub: EmbeddedHub;
  readonly daemon: Daemon;
  readonly folder: string;
  readonly stateDir: string;
  readonly temporaryDir: string;
  readonly log: readonly string[];
  readonly secrets: SecretWatch;
  /** Settings of a daemon on this hub, for one that is started in another process. */
  readonly env: Readonly<Record<string, string>>;
  submit(submission: JobSubmission): Promise<string>;
  completed(jobId: string): Promise<WireMessage>;
  linked(): Promise<void>;
  /** Waits until no other job than these has anything left. */
  idle(...butFor: string[]): Promise<void>;
  /** The next start of `rcodesign sign` in a guest stands still until `release`. */
  holdSigning(): Promise<HeldSigning>;
  /** See the function of the same name. */
  lieWhenSigning(script: string): Promise<void>;
}

/** Pauses that make no test wait; deadlines stay as they are. */
const quick: Limits = {
  hub: { greetingGrace: 20, backoff: 20 },
  signJob: { retryPause: 10, reassignmentTimeout: 300 },
  vm: { locatePause: 20, connectPause: 20, deletePause: 20 },
  notarization: { retryPause: 10, pollPause: 10, ticketPause: 10 },
  storeUpload: { retryPause: 10, pollPause: 10, settlePause: 10 },
  testflight: { retryPause: 10, pollPause: 10 },
};

export interface Performance {
  readonly scene: Scene;
  /** Ends daemon and hub, and fails when anything is left over or a secret was seen. */
  end(): Promise<void>;
}

/** Runs a test on a scene of its own. */
export async function withScene(options: SceneOptions, test: (scene: Scene) => Promise<void>): Promise<void> {
  const { scene, end } = await beginScene(options);
  try {
    await test(scene);
    await scene.idle();
  } catch (error) {
    // the log says more than the assertion, and what is left over after a failure says nothing
    console.error(scene.log.slice(-40).join(''));
    await end().catch(() => {});
    throw error;
  }
  await end();
}

/** For several tests on one scene. */
export async function beginScene(options: SceneOptions): Promise<Performance> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-scene-'));
  const { TMPDIR } = process.env;
  const temporaryDir = join(folder, 'tmp');
  await mkdir(temporaryDir);
  process.env.TMPDIR = temporaryDir;
  const before = activeResources();
  const leave = async () => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const scene = await openScene({ folder, temporaryDir }, options);
    const end = () => close(scene, before, options.settleMs).finally(leave);
    return { scene, end };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function close(scene: Scene, before: readonly string[], settleMs?: number): Promise<void> {
  const { daemon, hub, secrets, folder, stateDir } = scene;
  const { supervisor } = daemon;
  for (const type of ['drain.requested', 'shutdown.requested'] as const)
    if (supervisor.getSnapshot().status === 'active') supervisor.send({ type });
  await daemon.finished;
  for (const { jobId } of hub.assignments) secrets.look('messages to the hub', asText(hub.messages(jobId)));
  await hub.stop();
  await expectGone(scene, before, settleMs);
  await secrets.lookInFiles('state folder', stateDir);
  await secrets.lookInFiles('commands in the guest', join(folder, 'tools'));
  expect(secrets.findings, 'secrets that were seen').toEqual([]);
}

async function openScene(
  { folder, temporaryDir }: { folder: string; temporaryDir: string },
  options: SceneOptions,
): Promise<Scene> {
  const { patienceMs } = options;
  const stateDir = options.env?.PERRY_STATE_DIR ?? join(folder, 'state');
  const hubDir = join(folder, 'hub');
  await mkdir(hubDir);
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: hubDir, ...options.hub });
  const env = { ...(await settingsFor(hub, folder)), ...options.env };
  await options.first?.(hub, stateDir);
  const secrets = watchSecrets();
  secrets.add('the worker secret', WORKER_SECRET);
  for (const [name, secret] of Object.entries(options.secrets ?? {})) secrets.add(name, secret);
  const log: string[] = [];
  const { config } = loadConfig(env);
  const limits = merged(quick, options.limits);
  const late = lateRuns({ ...runLimitsOf(config), ...limits.runProcess });
  const startRun = options.startRun ?? (options.runsStandBy ? undefined : late);
  const daemon = await startDaemon({
    config,
    env,
    forTerminal: false,
    signal: patience(patienceMs),
    limits,
    ...(startRun && { startRun }),
    writeLog: (line) => {
      log.push(line);
      secrets.look('the log', line);
    },
  });
  const show = (place: string, text: string) => {
    for (const { token } of hub.assignments) secrets.add('a token', token);
    secrets.look(place, text);
  };
  const states = watchStates(daemon, options.looksForSecrets === false ? undefined : show, patienceMs);
  return {
    ...{ hub, daemon, folder, stateDir, temporaryDir, log, secrets, env, ...states },
    submit: (submission) => {
      if (options.looksForSecrets !== false) watchCredentials(secrets, submission);
      return hub.submitJob(submission);
    },
    completed: (jobId) => hub.completed(jobId, patience(patienceMs)),
    linked: async () => {
      await hub.until(() => (hub.workers().length > 0 ? true : undefined), patience(patienceMs));
      await waitFor(daemon.supervisor, (snapshot) => snapshot.matches({ serving: { link: 'online' } }));
    },
    idle: (...butFor) => expectIdle({ daemon, hub, stateDir, temporaryDir }, butFor, options.settleMs),
    holdSigning: () => holdSigning(join(folder, 'tools')),
    lieWhenSigning: (script) => lieWhenSigning(join(folder, 'tools'), script),
  };
}

/** Settings of a daemon that works for this hub and keeps everything below this folder. */
export const settingsFor = async (hub: EmbeddedHub, folder: string) => ({
  PERRY_HUB_URL: hub.webSocketUrl,
  PERRY_HUB_WORKER_SECRET: WORKER_SECRET,
  PERRY_WORKER_NAME: 'tester',
  PERRY_VM_DRIVER: 'local',
  PERRY_VM_STANDBY: '0',
  PERRY_STATE_DIR: join(folder, 'state'),
  PERRY_RCODESIGN: await recordingRcodesign(join(folder, 'tools')),
  PERRY_TIMESTAMP_URL: 'none',
  PERRY_LOG_LEVEL: 'trace',
});

const merged = (base: Limits, own: Limits = {}): Limits => ({
  supervisor: { ...base.supervisor, ...own.supervisor },
  hub: { ...base.hub, ...own.hub },
  signJob: { ...base.signJob, ...own.signJob },
  vm: { ...base.vm, ...own.vm },
  notarization: { ...base.notarization, ...own.notarization },
  storeUpload: { ...base.storeUpload, ...own.storeUpload },
  testflight: { ...base.testflight, ...own.testflight },
  runProcess: { ...base.runProcess, ...own.runProcess },
  ...(own.webPort && { webPort: own.webPort }),
  ...(own.alarms && { alarms: own.alarms }),
});
