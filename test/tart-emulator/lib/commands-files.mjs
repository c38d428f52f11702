import { existsSync, rmSync } from 'node:fs';
import { copyFile, rename as move, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { missing, refused, stillRunning, usageError } from './failures.mjs';
import {
  existing,
  isWhole,
  localNames,
  ownerOf,
  randomMac,
  readConfig,
  vmDir,
  withLock,
  workFolder,
  writeConfig,
} from './home.mjs';
import { cached, implicitPull } from './images.mjs';

export const clone = {
  names: [2, 2],
  flags: ['--insecure'],
  options: ['--concurrency', '--prune-limit'],
  async execute({ home, knobs, names: [source, name], options }) {
    if (name.includes('/')) throw usageError('clone', '<new-name> should be a local name');
    if (options['--concurrency'] === '0')
      throw usageError('clone', 'network concurrency cannot be less than 1');
    const from = await sourceOf(home, source, knobs);
    const work = await workFolder(home);
    process.prependListener('SIGINT', () => rmSync(work, { recursive: true, force: true }));
    try {
      await withLock(home.root, () => copyMachine(home, { from, work, name, times: knobs.times }));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  },
};

async function sourceOf(home, source, knobs) {
  if (!source.includes('/')) {
    const dir = vmDir(home, source);
    if (!isWhole(dir)) throw missing(source);
    return dir;
  }
  return (await cached(home, source)) ?? implicitPull(home, source, knobs);
}

/** The last step is a rename: never half a machine. One of the same name, running or not, is replaced silently. */
async function copyMachine(home, { from, work, name, times }) {
  for (const file of ['config.json', 'disk.img', 'nvram.bin'])
    await copyFile(join(from, file), join(work, file));
  await pause(times.clone);
  const config = await readConfig(work);
  const macs = await Promise.all(
    (await localNames(home)).map(async (other) => (await readConfig(vmDir(home, other))).macAddress),
  );
  if (macs.includes(config.macAddress)) await writeConfig(work, { ...config, macAddress: randomMac() });
  await rm(join(work, '.owner'));
  await rm(vmDir(home, name), { recursive: true, force: true });
  await move(work, vmDir(home, name));
}

export const set = {
  names: [1, 1],
  flags: ['--random-mac', '--random-serial', '--display-refit', '--no-display-refit'],
  options: ['--cpu', '--memory', '--display', '--disk', '--disk-size'],
  async execute({ home, names: [name], options }) {
    const dir = existing(home, name);
    const config = await readConfig(dir);
    const cpus = Number(options['--cpu'] ?? config.cpuCount);
    if (cpus < config.cpuCountMin)
      throw refused(
        `Error: LessThanMinimalResourcesError: VM should have ${config.cpuCountMin} CPU cores at minimum (requested ${cpus})`,
      );
    await writeConfig(dir, {
      ...config,
      cpuCount: cpus,
      memorySize: options['--memory'] ? Number(options['--memory']) * 2 ** 20 : config.memorySize,
      macAddress: options['--random-mac'] ? randomMac() : config.macAddress,
      displayRefit: options['--display-refit'] ?? (options['--no-display-refit'] ? false : undefined),
    });
  },
};

export const remove = {
  names: [1, Number.POSITIVE_INFINITY],
  async execute({ home, names }) {
    for (const name of names) {
      const dir = name.includes('/') ? await cached(home, name) : existing(home, name);
      if (!dir) throw missing(name);
      if (await ownerOf(dir)) throw stillRunning(name);
      await rm(dir, { recursive: true, force: true });
    }
  },
};

export const rename = {
  names: [2, 2],
  async execute({ home, names: [old, next] }) {
    if (!isWhole(vmDir(home, old)))
      throw usageError('rename', `failed to rename a non-existent local VM: ${old}`);
    if (existsSync(vmDir(home, next)))
      throw usageError(
        'rename',
        `failed to rename VM ${old}, target VM ${next} already exists, delete it first!`,
      );
    await move(vmDir(home, old), vmDir(home, next));
  },
};
