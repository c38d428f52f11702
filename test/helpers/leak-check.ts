import { readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { AnyActor } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import type { EmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { openTakenJobs } from '../../src/journal/taken-jobs.ts';

/** Everything that one whole-daemon test can leave something in. */
export interface Workspace {
  readonly daemon: Daemon;
  readonly hub: EmbeddedHub;
  readonly stateDir: string;
  /** The test's own TMPDIR. */
  readonly temporaryDir: string;
}

const SETTLE_MS = 10_000;
const INTERVAL_MS = 5;

/**
 * No job is left but those that are named: no other run, machine, secret or file. The daemon may live on.
 */
export async function expectIdle(
  workspace: Workspace,
  butFor: readonly string[] = [],
  timeout = SETTLE_MS,
): Promise<void> {
  const { daemon, stateDir, temporaryDir } = workspace;
  const { supervisor, services } = daemon;
  const kept = butFor.map(() => expect.any(String));
  await vi.waitFor(
    async () => {
      const { context, status } = supervisor.getSnapshot();
      expect(status === 'done' ? [] : context.runs.map(({ jobId }) => jobId)).toEqual(butFor);
      expect(context.leaked, 'clones that could not be deleted').toEqual([]);
      expect(services.vault.size, 'assignments in the vault').toBe(butFor.length);
      expect(services.runs.size, 'runs with a process').toBe(butFor.length);
      expect([...services.guests.keys()], 'connections into guests').toEqual(kept);
      expect(await listed(join(stateDir, 'runs')), 'run folders').toEqual(kept);
      const clones = await listed(join(stateDir, 'clones'));
      expect(clones, 'clones').toEqual(kept);
      expect(processesOf(stateDir, clones), 'processes of guests').toEqual([]);
      expect(await listed(temporaryDir), 'temporary files').toEqual([]);
    },
    { timeout, interval: INTERVAL_MS },
  );
}

/** The daemon has ended and the hub is stopped: nothing in this process and on this disk is left of the test. */
export async function expectGone(
  workspace: Workspace,
  before: readonly string[],
  timeout = SETTLE_MS,
): Promise<void> {
  const { daemon, hub, stateDir } = workspace;
  await expectIdle(workspace, [], timeout);
  expect(daemon.supervisor.getSnapshot().status).toBe('done');
  expect(scheduledIn(daemon.supervisor), 'events of the actor system that are still to come').toEqual([]);
  expect(hub.violations, 'what the hub objects to').toEqual([]);
  expect(await strangersIn(stateDir), 'the state folder').toEqual([]);
  expect(await openHandles(before, timeout), 'open handles').toEqual([]);
}

/** Turns of the event loop until nothing is open that was not open before; what is then is a leak. */
export async function openHandles(before: readonly string[], timeoutMs = SETTLE_MS): Promise<string[]> {
  const deadline = performance.now() + timeoutMs;
  let open = added(before, activeResources());
  while (open.length > 0 && performance.now() < deadline) {
    await setImmediate();
    open = added(before, activeResources());
  }
  return open;
}

/** What stays in a state folder when nothing is under way. */
const STAYS = [
  'alarms.json',
  'clones',
  'format.json',
  'history',
  'images',
  'instance',
  'journal',
  'lock',
  'runs',
  'signatures.head',
  'signatures.jsonl',
];

export async function strangersIn(stateDir: string): Promise<string[]> {
  const top = (await listed(stateDir)).filter((name) => !STAYS.includes(name));
  const folders = await Promise.all(['clones', 'runs'].map((name) => listed(join(stateDir, name))));
  // what Apple has been given is remembered beyond a job; machines are not
  const journal = await filesBelow(join(stateDir, 'journal', 'machines'));
  const { interrupted } = openTakenJobs(stateDir);
  const unanswered = interrupted.map(({ jobId }) => `${jobId} without an answer`);
  return [...top, ...folders.flat(), ...journal, ...unanswered];
}

/** Sockets, servers, child processes and timers that keep this process alive. */
export const activeResources = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => !['FSReqPromise', 'Immediate'].includes(name));

/** Timers of the test runner come and go: one of before is no excuse for one of now. */

function added(before: readonly string[], now: readonly string[]): string[] {
  const rest = before.filter((name) => name !== 'Timeout');
  return now.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

const scheduledIn = ({ system }: Pick<AnyActor, 'system'>): string[] =>
  Object.keys(system.getSnapshot()._scheduledEvents);

const listed = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

export async function filesBelow(folder: string): Promise<string[]> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return items.filter((item) => !item.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
}

const isLinux = process.platform === 'linux';
const ofProcess = (pid: string | number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
};

/** Command lines of the living processes that know this folder, but for those that know one of these names. */
export function processesOf(folder: string, butFor: readonly string[] = []): string[] {
  if (!isLinux) return [];
  const knows = (pid: string) => `${ofProcess(pid, 'cmdline')}${ofProcess(pid, 'environ')}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => knows(pid).includes(folder) && !butFor.some((name) => knows(pid).includes(name)))
    .map((pid) => `${pid}: ${ofProcess(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

/** What a process has started itself, and runs such a program; on Linux alone. */
export const childrenOf = (pid: number, program = ''): number[] =>
  ofProcess(pid, `task/${pid}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((child) => ofProcess(child, 'cmdline').includes(program));

/** Command lines and environments of everything that this process has started, however deep. */
export function descendantTexts(pid: number = process.pid): string[] {
  if (!isLinux) return [];
  return childrenOf(pid).flatMap((child) => [
    `${ofProcess(child, 'cmdline')}\0${ofProcess(child, 'environ')}`,
    ...descendantTexts(child),
  ]);
}
