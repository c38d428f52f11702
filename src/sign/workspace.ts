import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmDriver } from '../adapters/vm/driver.ts';
import { makePrivate } from '../control/private-folder.ts';
import { holderOf, lockStateDir } from '../control/state-lock.ts';
import { instanceOf } from '../daemon/instance.ts';
import { parseVmName } from '../domain/vm-name.ts';
import { openJournal } from '../journal/journal.ts';

/**
 * A place of its own for one call of a command that works without a daemon, below the state directory, so that it never
 * meets the machines of a daemon or of another call. It is locked for as long as its process lives: what a killed one
 * left is known by that.
 */
export interface Workspace {
  /** State directory of this call alone. */
  readonly dir: string;
  /** Identity in the names of its machines. */
  readonly instance: string;
  /** Removes everything. */
  leave(): Promise<void>;
}

const NAME = /^[0-9a-f]{8}$/;

/** Folder of the workspaces; each sweeps those of its own kind, whose machines are made by the same driver. */
export type WorkspaceKind = 'sign' | 'file' | 'image-build' | 'image-check';

const rootOf = (stateDir: string, kind: WorkspaceKind): string => join(stateDir, kind);

export const signRoot = (stateDir: string): string => rootOf(stateDir, 'sign');

export async function enterWorkspace(stateDir: string, kind: WorkspaceKind = 'sign'): Promise<Workspace> {
  const dir = join(rootOf(stateDir, kind), randomBytes(4).toString('hex'));
  await makePrivate(stateDir);
  await lockStateDir(dir);
  return {
    dir,
    instance: await instanceOf(dir),
    leave: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export type DriverFor = (dir: string, instance: string) => VmDriver;

/** Destroys what earlier calls left when they were killed; what cannot be destroyed stays for the next call. */
export async function sweepWorkspaces(
  stateDir: string,
  driverFor: DriverFor,
  signal: AbortSignal,
  kind: WorkspaceKind = 'sign',
): Promise<void> {
  const root = rootOf(stateDir, kind);
  const names = await readdir(root).catch(() => []);
  for (const name of names.filter((item) => NAME.test(item))) {
    const dir = join(root, name);
    // a call that has just begun has its folder before it has its lock
    if (!(await wasLocked(dir)) || (await holderOf(dir))) continue;
    if (!(await sweep(dir, driverFor, signal))) continue;
    await forgetMachines(root, await identityIn(dir));
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

const wasLocked = async (dir: string): Promise<boolean> =>
  (await readdir(join(dir, 'lock')).catch(() => [])).some((name) => /^\d+$/.test(name));

const identityIn = async (dir: string): Promise<string> =>
  (await readFile(join(dir, 'instance'), 'utf8').catch(() => '')).trim();

async function forgetMachines(root: string, instance: string): Promise<void> {
  const journal = openJournal(root);
  for (const name of await journal.openMachines())
    if (parseVmName(name)?.instance === instance) await journal.machineIsGone(name);
}

async function sweep(dir: string, driverFor: DriverFor, signal: AbortSignal): Promise<boolean> {
  const instance = await identityIn(dir);
  // killed before it had an identity: it had no machine either
  if (!NAME.test(instance)) return true;
  try {
    const driver = driverFor(dir, instance);
    const left = (await driver.list({ signal })).filter((name) => parseVmName(name)?.instance === instance);
    for (const name of left) {
      await driver.stop(name, { signal }).catch(() => {});
      await driver.delete(name, { signal });
    }
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
