import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { vmDrivers } from '../../../domain/vm-driver.ts';
import { parseVmName } from '../../../domain/vm-name.ts';
import { makeFolder } from '../../../files/disk/make-folder.ts';
import { removeTree } from '../../../files/disk/remove-tree.ts';
import { connectSsh } from '../../guest/ssh/client.ts';
import { createReaper } from '../../process/reaper.ts';
import { requireFreeSpace } from '../disk-space.ts';
import type { VmDriver, VmExit, VmRunOptions } from '../driver.ts';
import { unlessAborted } from '../patience.ts';
import { createAccelerationFinder } from './acceleration.ts';
import { checkQemu, requireProcessors } from './check-host.ts';
import { cloneImage } from './clone.ts';
import { alreadyRunning, keyForgotten, notDeleted, notLocated, notMade, notOurs } from './failures.ts';
import { createImageReader } from './image.ts';
import { clonesDirOf } from './layout.ts';
import { killLeftover } from './leftover.ts';
import { locateMachine } from './locate.ts';
import { type QemuMachine, startMachine } from './machine.ts';
import type { QemuDriverOptions } from './options.ts';
import { didNotStart, type KnownMachine, startOf } from './start.ts';

/** Of an emulated guest on a busy host: a handshake takes seconds there. */
const READY_TIMEOUT_MS = 30_000;

/**
 * Machines of QEMU (7.2 and newer) on this host: real ones, with a kernel, disk and memory of their own, that reach nothing
 * by themselves. Clones are overlays in the state folder; each machine has keys of its own.
 */
export function createQemuDriver(options: QemuDriverOptions): VmDriver {
  const { instance, imagesDir, minFreeDiskGb, guestNetwork } = options;
  const clonesDir = clonesDirOf(resolve(options.stateDir));
  const images = createImageReader(imagesDir);
  const acceleration = createAccelerationFinder();
  // a machine that outlived us would be one that nobody knows of
  const reaper = createReaper();
  // in memory only: a restarted daemon has no way into the guests of this process
  const made = new Map<string, KnownMachine>();
  const machines = new Map<string, QemuMachine>();
  const isOurs = (name: string): boolean => parseVmName(name)?.instance === instance;
  const dirOf = (name: string): string => {
    if (isOurs(name)) return join(clonesDir, name);
    throw notOurs(name);
  };
  const powerOff = async (name: string, signal: AbortSignal): Promise<void> => {
    const [cloneDir, machine] = [dirOf(name), machines.get(name)];
    signal.throwIfAborted();
    if (machine) await unlessAborted(machine.stop(), signal);
    else await killLeftover(name, cloneDir, signal);
  };

  return {
    kind: 'qemu',
    isolates: vmDrivers.qemu.isolates,
    reach: async () => ({ network: guestNetwork }),
    checkHost: async (image, { signal }) => {
      requireProcessors(options.cpus);
      await checkQemu(signal);
      await images.sound(image, signal);
    },
    processor: async (image, { signal }) => {
      const found = await images.sound(image, signal);
      const { accelerator, obstacle } = await acceleration.find(found, signal);
      return accelerator === 'kvm' ? { kind: 'host' } : { kind: 'emulated', ...(obstacle && { obstacle }) };
    },
    describeImage: async (image, { signal }) => {
      const { files, builtAt, suite, rcodesign } = (await images.sound(image, signal)).facts;
      const { sha256Hex } = files.disk;
      return { sha256Hex, builtAt, madeOf: `Debian ${suite}`, rcodesign: rcodesign.version };
    },
    clone: async (image, name, { signal }) => {
      const cloneDir = dirOf(name);
      const found = await images.sound(image, signal);
      await makeFolder(clonesDir, 0o700);
      await requireFreeSpace(clonesDir, minFreeDiskGb, diskAdvice);
      const { accelerator } = await acceleration.find(found, signal);
      const keys = await cloneImage({ image, found, cloneDir, signal });
      made.set(name, { ...keys, accelerator, architecture: found.facts.architecture });
    },
    run: async (name, runOptions) => {
      runOptions.signal.throwIfAborted();
      const cloneDir = dirOf(name);
      const known = made.get(name);
      if (!known) throw notMade(name);
      if (machines.has(name)) throw alreadyRunning(name);
      const machine = startMachine(startOf(name, cloneDir, known, options), reaper);
      machines.set(name, machine);
      try {
        return await lead(machine, name, runOptions, options);
      } finally {
        machines.delete(name);
      }
    },
    locate: async (name, { signal }) => {
      dirOf(name);
      signal.throwIfAborted();
      const [machine, known] = [machines.get(name), made.get(name)];
      if (!machine || !known) throw notLocated(name);
      return locateMachine(name, machine, known.hostPublicKey, signal);
    },
    openGuest: async (address, { signal }) => {
      const [name = ''] = [address.machine];
      const known = made.get(name);
      signal.throwIfAborted();
      if (!known) throw keyForgotten(name);
      const credentials = { privateKey: known.clientKey };
      return connectSsh({ address, credentials, signal, readyTimeoutMs: READY_TIMEOUT_MS });
    },
    stop: async (name, { signal }) => powerOff(name, signal),
    delete: async (name, { signal }) => {
      await powerOff(name, signal);
      // the system may still be tidying up after a process that was just killed
      await removeTree(dirOf(name), { maxRetries: 10, retryDelay: 50 }).catch((cause) => {
        throw notDeleted(name, cause);
      });
      made.delete(name);
    },
    list: async ({ signal }) => {
      signal.throwIfAborted();
      return (await readdir(clonesDir).catch(nothingYet)).filter(isOurs);
    },
  };
}

const diskAdvice = {
  volume: 'The volume of the state folder',
  nextStep: 'Free space there, or lower PERRY_MIN_FREE_DISK_GB.',
};

/** Only a folder that is not there is an empty one. */
function nothingYet(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/** From start to end. The machine goes with its process: that is the quickest way to power it off. */
async function lead(
  machine: QemuMachine,
  name: string,
  { signal, onStarted }: VmRunOptions,
  { note }: QemuDriverOptions,
): Promise<VmExit> {
  const cutPower = () => machine.process.signalGroup('SIGKILL');
  signal.addEventListener('abort', cutPower, { once: true });
  onStarted();
  const end = await machine.ended;
  signal.removeEventListener('abort', cutPower);
  signal.throwIfAborted();
  const expected = machine.wasAskedToStop();
  const { reason, inOrder, exitCode, stderr, console: said } = end;
  // who kills it, e.g. for memory, does so at any moment: that is no objection of QEMU's
  if (!expected && !end.hasStarted && end.signal !== 'SIGKILL') throw didNotStart(name, end);
  if (!expected)
    note('warn', 'a machine ended by itself', { vm: name, reason, exitCode, stderr, console: said });
  return { expected, reason, inOrder };
}
