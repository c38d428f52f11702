import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { missing } from './failures.mjs';
import { isAlive, me } from './processes.mjs';

const FILES = ['config.json', 'disk.img', 'nvram.bin'];

/** TART_HOME, with a place of our own for what the real one asks of the system: locks, leases, slots. */
export async function openHome() {
  const root = process.env.TART_HOME || join(homedir(), '.tart');
  const own = join(root, '.emulator');
  const home = {
    root,
    vms: join(root, 'vms'),
    cache: join(root, 'cache', 'OCIs'),
    tmp: join(root, 'tmp'),
    registry: join(own, 'registry'),
    leases: join(own, 'leases'),
    used: join(own, 'used'),
    drafts: join(own, 'drafts'),
    // one host for several homes, when told so
    slots: join(process.env.TART_EMULATOR_HOST || own, 'slots'),
  };
  for (const folder of [home.vms, home.tmp, home.leases, home.used, home.drafts, home.slots])
    await mkdir(folder, { recursive: true });
  return home;
}

export const vmDir = (home, name) => join(home.vms, name);
export const isWhole = (dir) => FILES.every((file) => existsSync(join(dir, file)));

/** The folder of a machine that counts as one: all three files are there. */
export function existing(home, name) {
  const dir = vmDir(home, name);
  if (name.includes('/') || !existsSync(join(dir, 'config.json'))) throw missing(name);
  return dir;
}

export async function localNames(home) {
  const names = await readdir(home.vms);
  return names.filter((name) => isWhole(vmDir(home, name))).sort();
}

export const readConfig = async (dir) => JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'));
export const writeConfig = (dir, config) =>
  writeFile(join(dir, 'config.json'), JSON.stringify(config, null, 2));

export const randomMac = () => {
  const bytes = randomUUID().replaceAll('-', '').slice(0, 10);
  return ['5e', ...bytes.match(/../g)].join(':');
};

/** Stands for the fcntl lock on config.json: held by `run`, gone with it. */
export async function ownerOf(dir) {
  try {
    const owner = JSON.parse(await readFile(join(dir, '.lock'), 'utf8'));
    return isAlive(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

export async function takeLock(dir) {
  await writeFile(join(dir, '.lock.new'), JSON.stringify(me()));
  await rename(join(dir, '.lock.new'), join(dir, '.lock'));
}

/** `running` as long as somebody holds the lock, whether or not the machine has started. */
export async function stateOf(dir) {
  if (await ownerOf(dir)) return 'running';
  return existsSync(join(dir, 'state.vzvmsave')) ? 'suspended' : 'stopped';
}

/** One at a time, over all processes; blocks without a deadline, as the lock on TART_HOME does. */
export async function withLock(folder, work) {
  const file = join(folder, '.mutex');
  const claim = join(folder, `.mutex.${process.pid}`);
  await writeFile(claim, JSON.stringify(me()));
  while (
    !(await link(claim, file).then(
      () => true,
      () => false,
    ))
  ) {
    const owner = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
    if (owner && !isAlive(owner)) await unlink(file).catch(() => {});
    else await pause(5);
  }
  await unlink(claim);
  try {
    return await work();
  } finally {
    await unlink(file).catch(() => {});
  }
}

/** What a killed command has left in tmp is removed; what a living one uses is not. */
export async function collectGarbage(home, knobs) {
  if (knobs.faults.gc?.warning) process.stderr.write(`${knobs.faults.gc.warning}\n`);
  for (const name of await readdir(home.tmp)) {
    const owner = await readFile(join(home.tmp, name, '.owner'), 'utf8').then(JSON.parse, () => undefined);
    if (owner && !isAlive(owner)) await rm(join(home.tmp, name), { recursive: true, force: true });
  }
}

/** A folder in tmp that belongs to this process, from the moment at which it is there. */
export async function workFolder(home) {
  const name = randomUUID().toUpperCase();
  const [draft, dir] = [join(home.drafts, name), join(home.tmp, name)];
  await mkdir(draft);
  await writeFile(join(draft, '.owner'), JSON.stringify(me()));
  await rename(draft, dir);
  return dir;
}
