import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { AnyActor } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import type { EmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';

/** Everything that one whole-daemon test can leave something in. */
export interface Premises {
  readonly daemon: Daemon;
  readonly hub: EmbeddedHub;
  readonly stateDir: string;
  /** The test's own TMPDIR. */
  readonly temporaryDir: string;
}

const PATIENCE = { timeout: 10_000, interval: 5 };

/**
 * No job is left but those that are named: no other run, machine, secret or file. The daemon may live on.
 */
export async function expectIdle(premises: Premises, butFor: readonly string[] = []): Promise<void> {
  const { daemon, stateDir, temporaryDir } = premises;
  const { supervisor, services } = daemon;
  const kept = butFor.map(() => expect.any(String));
  await vi.waitFor(async () => {
    const { context, status } = supervisor.getSnapshot();
    expect(status === 'done' ? [] : context.runs.map(({ jobId }) => jobId)).toEqual(butFor);
    expect(context.leaked, 'clones that could not be deleted').toEqual([]);
    expect(services.vault.size, 'assignments in the vault').toBe(butFor.length);
    expect(services.workbench.size, 'desks of runs').toBe(butFor.length);
    expect([...services.guests.keys()], 'connections into guests').toEqual(kept);
    expect(await listed(join(stateDir, 'runs')), 'run folders').toEqual(kept);
    const clones = await listed(join(stateDir, 'clones'));
    expect(clones, 'clones').toEqual(kept);
    expect(processesOf(stateDir, clones), 'processes of guests').toEqual([]);
    expect(await filesBelow(temporaryDir), 'temporary files').toEqual([]);
  }, PATIENCE);
}

/** The daemon has ended and the hub is stopped: nothing in this process and on this disk is left of the test. */
export async function expectGone(premises: Premises, before: readonly string[]): Promise<void> {
  const { daemon, hub, stateDir } = premises;
  await expectIdle(premises);
  expect(daemon.supervisor.getSnapshot().status).toBe('done');
  expect(scheduledIn(daemon.supervisor), 'events of the actor system that are still to come').toEqual([]);
  expect(hub.violations, 'what the hub objects to').toEqual([]);
  expect(await strangersIn(stateDir), 'the state folder').toEqual([]);
  await vi.waitFor(() => expect(added(before, activeResources()), 'open handles').toEqual([]), PATIENCE);
}

/** What stays in a state folder when nothing is under way. */
const STAYS = ['clones', 'images', 'instance', 'journal', 'lock', 'runs'];

export async function strangersIn(stateDir: string): Promise<string[]> {
  const top = (await listed(stateDir)).filter((name) => !STAYS.includes(name));
  const left = await Promise.all(
    ['clones', 'journal', 'runs'].map((name) => filesBelow(join(stateDir, name))),
  );
  return [...top, ...left.flat()];
}

/** Sockets, servers, child processes and timers that keep this process alive. */
export const activeResources = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => !['FSReqPromise', 'Immediate'].includes(name));

function added(before: readonly string[], now: readonly string[]): string[] {
  const rest = [...before];
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
  return items.map(({ parentPath, name }) => join(parentPath, name));
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

/** Command lines and environments of everything that this process has started, however deep. */
export function descendantTexts(pid: number = process.pid): string[] {
  if (!isLinux) return [];
  const children = ofProcess(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [
    `${ofProcess(child, 'cmdline')}\0${ofProcess(child, 'environ')}`,
    ...descendantTexts(child),
  ]);
}

/** Looks for secrets wherever it is shown something, and remembers the places, never the secrets. */
export interface SecretWatch {
  /** Names of secrets and places where they were seen. */
  readonly findings: readonly string[];
  add(name: string, secret: string): void;
  look(place: string, text: string): void;
  lookInFiles(place: string, folder: string): Promise<void>;
}

/** Of a long secret, such as a file in base64, any piece of this length counts. */
const PIECE_CHARACTERS = 48;

export function watchSecrets(): SecretWatch {
  const secrets = new Map<string, string>();
  const findings = new Set<string>();
  const look = (place: string, text: string) => {
    for (const [piece, name] of secrets) if (text.includes(piece)) findings.add(`${name} in ${place}`);
  };
  return {
    get findings() {
      return [...findings];
    },
    add: (name, secret) => {
      for (const piece of piecesOf(secret)) secrets.set(piece, name);
    },
    look,
    lookInFiles: async (place, folder) => {
      for (const path of await filesBelow(folder))
        look(`${place}: ${path.slice(folder.length)}`, await readFile(path, 'latin1').catch(() => ''));
    },
  };
}

/** Three places of a long text are enough to recognise it. */
function piecesOf(secret: string): string[] {
  if (secret.length <= PIECE_CHARACTERS * 3) return [secret];
  return [0.1, 0.5, 0.8].map((share) => {
    const at = Math.floor(secret.length * share);
    return secret.slice(at, at + PIECE_CHARACTERS);
  });
}

/** Anything as a text in which a secret would be seen; errors with everything that hangs on them. */
export const asText = (value: unknown): string => {
  const seen = new WeakSet<object>();
  return (
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item !== 'object' || item === null) return item;
      if (seen.has(item)) return '(seen)';
      seen.add(item);
      if (item instanceof Error)
        return { ...item, name: item.name, message: item.message, stack: item.stack, cause: item.cause };
      if (item instanceof Uint8Array) return Buffer.from(item).toString('base64');
      if (item instanceof Map || item instanceof Set) return [...item];
      return item;
    }) ?? ''
  );
};
