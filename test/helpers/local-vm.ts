import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { GuestAddress, GuestSession } from '../../src/adapters/guest/guest.ts';
import type { VmDriver, VmExit } from '../../src/adapters/vm/driver.ts';
import { makeEmptyImage } from '../../src/adapters/vm/local/clone.ts';
import { createLocalDriver, localImagesDir } from '../../src/adapters/vm/local/driver.ts';
import { printVmName } from '../../src/domain/vm-name.ts';

export const INSTANCE = 'c0ffee00';
export const never = new AbortController().signal;

export interface LocalHost {
  readonly stateDir: string;
  readonly driver: VmDriver;
  /** The facts of what the driver told the log. */
  readonly notes: readonly (Readonly<Record<string, unknown>> | undefined)[];
  remove(): Promise<void>;
}

/** A state folder with one empty image named `golden`, and the driver over it. */
export async function localHost(toolDirs: readonly string[] = []): Promise<LocalHost> {
  const stateDir = await mkdtemp(join(tmpdir(), 'perry-vm-'));
  await makeEmptyImage(localImagesDir(stateDir), 'golden');
  const notes: LocalHost['notes'][number][] = [];
  const driver = createLocalDriver({
    ...{ stateDir, instance: INSTANCE, toolDirs, stopGraceMs: 200 },
    note: (_level, _text, facts) => void notes.push(facts),
  });
  return { stateDir, driver, notes, remove: () => rm(stateDir, { recursive: true, force: true }) };
}

export interface LocalVm {
  readonly name: string;
  readonly cloneDir: string;
  readonly life: Promise<VmExit>;
  readonly address: GuestAddress;
  readonly session: GuestSession;
  readonly pid: number;
  delete(): Promise<void>;
}

export const freshName = (): string => printVmName({ instance: INSTANCE, runId: randomUUID() });

/** Clones, boots and connects, as the lifecycle does. */
export async function bootVm({ driver, stateDir }: LocalHost): Promise<LocalVm> {
  const name = freshName();
  const cloneDir = join(stateDir, 'clones', name);
  await driver.clone('golden', name, { signal: never });
  const life = driver.run(name, { signal: never, onStarted: () => undefined });
  const address = await vi.waitFor(() => driver.locate(name, { signal: never }), 10_000);
  const session = await driver.openGuest(address, { signal: never });
  return {
    name,
    cloneDir,
    life,
    address,
    session,
    pid: await guestPid(cloneDir),
    delete: () => driver.delete(name, { signal: never }),
  };
}

export async function guestPid(cloneDir: string): Promise<number> {
  const { pid } = JSON.parse(await readFile(join(cloneDir, 'guest', 'listening.json'), 'utf8')) as {
    pid: number;
  };
  return pid;
}

/** Resolves once no live process has that id; one that waits to be reaped counts as dead. */
export const untilDead = (pid: number): Promise<void> =>
  vi.waitFor(async () => {
    if (await isAlive(pid)) throw new Error(`process ${pid} is alive`);
  }, 10_000);

export async function isAlive(pid: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    return stat !== undefined && !/\) [ZX] /.test(stat);
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Kills the guests of all clones, as when machines break. */
export async function killGuest({ stateDir }: { readonly stateDir: string }): Promise<void> {
  const clones = join(stateDir, 'clones');
  for (const name of await readdir(clones)) process.kill(await guestPid(join(clones, name)), 'SIGKILL');
}
