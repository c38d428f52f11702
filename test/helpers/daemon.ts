import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type AnyActorRef, type AnyMachineSnapshot, type InspectionEvent, waitFor } from 'xstate';
import type { Limits } from '../../src/actors/limits.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import {
  type EmbeddedHub,
  type EmbeddedHubOptions,
  type JobSubmission,
  startEmbeddedHub,
  type WireMessage,
} from '../../src/embedded-hub/embedded-hub.ts';
import {
  activeResources,
  asText,
  descendantTexts,
  expectGone,
  expectIdle,
  type SecretWatch,
  watchSecrets,
} from './leak-check.ts';
import { rcodesignPath } from './rcodesign-fixtures.ts';

export const WORKER_SECRET = 'w0rker-s3cret-of-the-tests';
/** Longer than anything here takes; a test that waits for it has failed. */
export const patience = (): AbortSignal => AbortSignal.timeout(40_000);

export interface SceneOptions {
  /** What happens between the start of the hub and that of the daemon. */
  readonly first?: (hub: EmbeddedHub) => Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  readonly hub?: EmbeddedHubOptions;
  readonly limits?: Limits;
  /** Texts that must be seen nowhere, by name, beside those of the jobs. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A hub, a daemon, and folders of their own. */
export interface Scene {
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
  /** Calls `act` once, at the very moment when a statechart first stands in that state. */
  atState(path: string, act: (actor: AnyActorRef) => void): void;
  /** Resolves when a statechart has stood in that state; ask before it can happen. */
  reached(path: string): Promise<AnyActorRef>;
  linked(): Promise<void>;
  /** Waits until no other job than these has anything left. */
  idle(...butFor: string[]): Promise<void>;
  /** The next start of `rcodesign sign` in a guest stands still until `release`. */
  holdSigning(): Promise<HeldSigning>;
}

export interface HeldSigning {
  readonly begun: Promise<void>;
  release(): Promise<void>;
}

/** Pauses that make no test wait; deadlines stay as they are. */
const quick: Limits = {
  hub: { greetingGrace: 20, backoff: 20 },
  signJob: { retryPause: 10, reassignmentTimeout: 300 },
  vm: { locatePause: 20, connectPause: 20, deletePause: 20 },
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
  const scene = await openScene({ folder, temporaryDir }, options);
  const end = async () => {
    try {
      await close(scene);
      await expectGone(scene, before);
      await scene.secrets.lookInFiles('state folder', scene.stateDir);
      await scene.secrets.lookInFiles('commands in the guest', join(folder, 'tools'));
      expect(scene.secrets.findings, 'secrets that were seen').toEqual([]);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
      await rm(folder, { recursive: true, force: true });
    }
  };
  return { scene, end };
}

async function close({ daemon, hub, secrets }: Scene): Promise<void> {
  const { supervisor } = daemon;
  for (const type of ['drain.requested', 'shutdown.requested'] as const)
    if (supervisor.getSnapshot().status === 'active') supervisor.send({ type });
  await daemon.finished;
  for (const { jobId } of hub.assignments) secrets.look('messages to the hub', asText(hub.messages(jobId)));
  await hub.stop();
}

async function openScene(
  { folder, temporaryDir }: { folder: string; temporaryDir: string },
  options: SceneOptions,
): Promise<Scene> {
  const stateDir = join(folder, 'state');
  const hubDir = join(folder, 'hub');
  await mkdir(hubDir);
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: hubDir, ...options.hub });
  const env = { ...(await settingsFor(hub, folder)), ...options.env };
  await options.first?.(hub);
  const secrets = watchSecrets();
  secrets.add('the worker secret', WORKER_SECRET);
  for (const [name, secret] of Object.entries(options.secrets ?? {})) secrets.add(name, secret);
  const log: string[] = [];
  const daemon = await startDaemon({
    config: loadConfig(env).config,
    env,
    forTerminal: false,
    signal: patience(),
    limits: merged(quick, options.limits),
    writeLog: (line) => {
      log.push(line);
      secrets.look('the log', line);
    },
  });
  const states = watchStates(daemon, (place, text) => {
    for (const { token } of hub.assignments) secrets.add('a token', token);
    secrets.look(place, text);
  });
  return {
    ...{ hub, daemon, folder, stateDir, temporaryDir, log, secrets, env, ...states },
    submit: (submission) => {
      watchCredentials(secrets, submission);
      return hub.submitJob(submission);
    },
    completed: (jobId) => hub.completed(jobId, patience()),
    linked: async () => {
      await hub.until(() => (hub.workers().length > 0 ? true : undefined), patience());
      await waitFor(daemon.supervisor, (snapshot) => snapshot.matches({ serving: { link: 'online' } }));
    },
    idle: (...butFor) => expectIdle({ daemon, hub, stateDir, temporaryDir }, butFor),
    holdSigning: () => holdSigning(join(folder, 'tools')),
  };
}

/** Settings of a daemon that works for this hub and keeps everything below this folder. */
export const settingsFor = async (hub: EmbeddedHub, folder: string) => ({
  PERRY_HUB_URL: hub.webSocketUrl,
  PERRY_HUB_WORKER_SECRET: WORKER_SECRET,
  PERRY_WORKER_NAME: 'tester',
  PERRY_VM_DRIVER: 'local',
  PERRY_STATE_DIR: join(folder, 'state'),
  PERRY_RCODESIGN: await recordingRcodesign(join(folder, 'tools')),
  PERRY_TIMESTAMP_URL: 'none',
  PERRY_LOG_LEVEL: 'trace',
});

/** Makes every secret of these credentials one to look for. */
export function watchCredentials(secrets: SecretWatch, { credentials }: JobSubmission): void {
  for (const [name, value] of Object.entries(credentials ?? {}))
    if (typeof value === 'string' && isSecret(name)) secrets.add(name, value);
}

const isSecret = (name: string): boolean => /password|p12|p8/.test(name);

const merged = (base: Limits, own: Limits = {}): Limits => ({
  supervisor: { ...base.supervisor, ...own.supervisor },
  hub: { ...base.hub, ...own.hub },
  signJob: { ...base.signJob, ...own.signJob },
  vm: { ...base.vm, ...own.vm },
});

/** Shows everything that an inspector, a page or a core file could show, and tells who stands where. */
function watchStates(daemon: Daemon, show: (place: string, text: string) => void) {
  const { supervisor } = daemon;
  const last = new WeakMap<AnyActorRef, string>();
  const waiting = new Map<string, (actor: AnyActorRef) => void>();
  const arrive = (actor: AnyActorRef, path: string) => {
    for (const state of pathsIn(path)) {
      const act = waiting.get(state);
      waiting.delete(state);
      act?.(actor);
    }
  };
  supervisor.system.inspect((inspected: InspectionEvent) => {
    show(`inspected ${inspected.type}`, asText(inspected));
    if (inspected.type !== '@xstate.snapshot') return;
    const actor = inspected.actorRef as AnyActorRef;
    const { value } = inspected.snapshot as AnyMachineSnapshot;
    const path = value === undefined ? '' : JSON.stringify(value);
    if (path === '' || last.get(actor) === path) return;
    last.set(actor, path);
    for (const text of descendantTexts()) show('a child process', text);
    show('the persisted system', asText(supervisor.getPersistedSnapshot()));
    arrive(actor, path);
  });
  const atState: Scene['atState'] = (path, act) => void waiting.set(path, act);
  return {
    atState,
    reached: (path: string) => new Promise<AnyActorRef>((resolve) => atState(path, resolve)),
  };
}

/** Every state in a state value, with its ancestors: `engaged.work.running`, `engaged.work.running.inspecting` … */
function pathsIn(valueJson: string): string[] {
  const walk = (value: unknown, above: string): string[] =>
    typeof value === 'string'
      ? [`${above}${value}`]
      : Object.entries(value as object).flatMap(([name, inner]) => [
          `${above}${name}`,
          ...walk(inner, `${above}${name}.`),
        ]);
  return walk(JSON.parse(valueJson), '');
}

/** The real program, behind a script that writes down with what it was called. */
async function recordingRcodesign(tools: string): Promise<string> {
  const path = join(tools, 'rcodesign');
  const calls = `${tools}/call.$$`;
  const script = `#!/bin/sh
cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline > "${calls}" 2>/dev/null
case "$*" in *sign*) if [ -p "${tools}/hold" ]; then read -r _ < "${tools}/hold"; fi;; esac
exec '${rcodesignPath}' "$@"
`;
  await mkdir(tools);
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** The next start of `rcodesign sign` stands still. Opening a FIFO for writing ends when somebody reads it: that is the moment when signing has begun. */
export async function holdSigning(tools: string): Promise<HeldSigning> {
  const hold = join(tools, 'hold');
  execFileSync('mkfifo', [hold]);
  const opening = open(hold, 'w');
  return {
    begun: opening.then(() => unlink(hold)),
    release: async () => (await opening).close(),
  };
}
