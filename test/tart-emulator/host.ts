import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, vi } from 'vitest';
import { fingerprintOfKey, makeSshKeyPair, type SshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import type { Note, VmDriver } from '../../src/adapters/vm/driver.ts';
import { createTartDriver } from '../../src/adapters/vm/tart/driver.ts';
import type { TartDriverOptions } from '../../src/adapters/vm/tart/options.ts';
import { processesOf } from '../helpers/leak-check.ts';

const PROGRAM = new URL('./tart.mjs', import.meta.url).pathname;
export const SSH_PORT = 2222;
const INSTANCE = 'c0ffee00';
const hostKey = makeSshKeyPair();
const userKey = makeSshKeyPair();

/** What is in emulator.json; see lib/knobs.mjs. */
export type Knobs = Readonly<Record<string, unknown>>;

/** A Mac with Tart, as far as it can be had: TART_HOME with a golden image, and `tart` in a folder for PATH. */
export interface TartHost {
  readonly folder: string;
  readonly home: string;
  /** The folder to put on PATH, and the program in it. */
  readonly bin: string;
  readonly tart: string;
  readonly hostKey: SshKeyPair;
  readonly hostKeyFingerprint: string;
  readonly userKey: SshKeyPair;
  /** What the driver remarked. */
  readonly notes: { level: string; text: string; facts: unknown }[];
  readonly driver: VmDriver;
  driverWith(options: Partial<Omit<TartDriverOptions, 'ssh'>> & { ssh?: object }): VmDriver;
  setKnobs(knobs: Knobs): Promise<void>;
  /** Names of the machines that exist, without the golden image; a folder that is no machine any more counts. */
  machines(): Promise<readonly string[]>;
  /** Fails when a machine, a work folder or a process is left. */
  expectNothingLeft(): Promise<void>;
  remove(): Promise<void>;
}

export interface TartHostOptions {
  /** Folders of programs on the PATH of the guests. */
  readonly toolDirs?: readonly string[];
  readonly knobs?: Knobs;
  /** Left out, Softnet is not installed. `helpless`: it may not run as root; `old`: it cannot tell the host from others. */
  readonly softnet?: 'works' | 'by sudo' | 'helpless' | 'old';
}

export async function tartHost({
  toolDirs = [],
  knobs = {},
  softnet,
}: TartHostOptions = {}): Promise<TartHost> {
  const folder = await mkdtemp(join(tmpdir(), 'pt-'));
  const [home, bin] = [join(folder, 'home'), join(folder, 'bin')];
  const tart = join(bin, 'tart');
  await makeImage(home, 'golden', toolDirs);
  await mkdir(bin);
  await writeFile(tart, `#!/bin/sh\ntrap '' INT\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(tart, 0o755);
  if (softnet) await installSoftnet(bin, softnet);
  const notes: TartHost['notes'] = [];
  const note: Note = (level, text, facts) => void notes.push({ level, text, facts });
  const base = {
    instance: INSTANCE,
    binary: tart,
    home,
    minFreeDiskGb: 0,
    stopGraceMs: 2_000,
    note,
    guestNetwork: 'none' as const,
    path: [bin, process.env.PATH].join(delimiter),
  };
  const ssh = { user: 'admin', password: 'admin', port: SSH_PORT };
  const driverWith: TartHost['driverWith'] = (options) =>
    createTartDriver({ ...base, ...options, ssh: { ...ssh, ...options.ssh } });
  const setKnobs = (wanted: Knobs) => writeFile(join(home, 'emulator.json'), JSON.stringify(wanted));
  const machines = async () => (await readdir(join(home, 'vms'))).filter((name) => name !== 'golden');
  await setKnobs(knobs);
  return {
    ...{ folder, home, bin, tart, hostKey, userKey, notes, driverWith, setKnobs, machines },
    hostKeyFingerprint: fingerprintOfKey(hostKey.publicKey),
    driver: driverWith({}),
    expectNothingLeft: () =>
      vi.waitFor(
        async () => {
          expect(await machines(), 'machines').toEqual([]);
          expect(processesOf(home).filter(isNoDaemon), 'processes').toEqual([]);
        },
        { timeout: 10_000, interval: 20 },
      ),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Enough of the program to be asked about itself; what it filters is in lib/softnet.mjs. */
async function installSoftnet(bin: string, kind: NonNullable<TartHostOptions['softnet']>): Promise<void> {
  const program = async (name: string, text: string, mode: number) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), mode);
  };
  const isRoot = process.getuid?.() === 0;
  const hasBit = kind === 'works' && isRoot;
  await program(
    'softnet',
    `echo '--block CIDRs${kind === 'old' ? '' : ' or @host'}'`,
    hasBit ? 0o4755 : 0o755,
  );
  await program('sudo', kind === 'helpless' ? 'exit 1' : 'shift; exec "$@"', 0o755);
}

/** A daemon that is to serve this host has its folder among its settings. */
const isNoDaemon = (line: string): boolean => !line.includes('perry-ship.js');

/** The three files that make a machine; the emulator reads from its disk what runs in it. */
export async function makeImage(home: string, name: string, toolDirs: readonly string[] = []): Promise<void> {
  const dir = join(home, 'vms', name);
  await mkdir(dir, { recursive: true });
  const disk = {
    hostKey: hostKey.privateKey,
    user: 'admin',
    password: 'admin',
    authorizedKeys: [userKey.publicKey],
    path: toolDirs,
    port: SSH_PORT,
  };
  const config = {
    version: 1,
    os: 'darwin',
    arch: 'arm64',
    ...{ cpuCountMin: 4, cpuCount: 4, memorySizeMin: 4 * 2 ** 30, memorySize: 8 * 2 ** 30 },
    macAddress: '5e:00:00:00:00:01',
  };
  await writeFile(join(dir, 'disk.img'), JSON.stringify(disk));
  await writeFile(join(dir, 'nvram.bin'), '');
  await writeFile(join(dir, 'config.json'), JSON.stringify(config));
}

export const exists = (...path: string[]): boolean => existsSync(join(...path));
