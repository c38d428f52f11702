import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { vmDrivers } from '../../../domain/vm-driver.ts';
import { parseVmName } from '../../../domain/vm-name.ts';
import { ShipError } from '../../../errors.ts';
import { makeFolder } from '../../../files/disk/make-folder.ts';
import { removeTree } from '../../../files/disk/remove-tree.ts';
import type { GuestAddress } from '../../guest/guest.ts';
import { connectSsh } from '../../guest/ssh/client.ts';
import { fingerprintOfKey, makeSshKeyPair } from '../../guest/ssh/keys.ts';
import { rcodesignVersion } from '../../rcodesign/release.ts';
import type { Note, VmDriver, VmRunOptions } from '../driver.ts';
import { cloneFiles } from './clone.ts';
import { cloneLayout, GUEST_USER } from './layout.ts';
import { killLeftover, readListening } from './leftover.ts';
import { type LocalEnd, type LocalMachine, startMachine } from './machine.ts';

/** Loopback: a guest that does not finish a handshake in this time never will. */
const READY_TIMEOUT_MS = 10_000;

export interface LocalDriverOptions {
  /** Holds `images/NAME/` and `clones/NAME/`. */
  readonly stateDir: string;
  /** Identity of the daemon, as in its clones' names. */
  readonly instance: string;
  /** Folders of programs that a guest finds on its PATH, e.g. the one with rcodesign. */
  readonly toolDirs: readonly string[];
  /** How long a guest may take to end after SIGTERM; 5 s when left out. */
  readonly stopGraceMs?: number;
  readonly note: Note;
}

export const localImagesDir = (stateDir: string): string => join(stateDir, 'images');

/**
 * Machines that are none: a copied folder, and a child process that runs an SSH server on loopback. The guest shares
 * the host's kernel, user and files, so it protects nothing; for development, tests and the demo.
 */
export function createLocalDriver(options: LocalDriverOptions): VmDriver {
  const { instance } = options;
  const stateDir = resolve(options.stateDir);
  const clonesDir = join(stateDir, 'clones');
  // In memory only: a restarted daemon has no way into the guests of this process.
  const keys = makeSshKeyPair();
  const machines = new Map<string, LocalMachine>();
  const askedToStop = new WeakSet<LocalMachine>();
  const dirOf = (name: string): string => join(clonesDir, ours(name, instance));

  const powerOff = async (name: string, signal: AbortSignal): Promise<void> => {
    const machine = machines.get(name);
    if (!machine) return killLeftover(dirOf(name), signal);
    askedToStop.add(machine);
    await stopped(machine, signal);
  };

  return {
    kind: 'local',
    isolates: vmDrivers.local.isolates,
    reach: async () => ({
      network: 'host',
      fix: 'Use the driver "local" for development only; set PERRY_VM_DRIVER=tart on a Mac, or PERRY_VM_DRIVER=qemu on Linux.',
    }),
    // `locate.ts` takes no other version
    describeImage: async () => ({
      sha256Hex: null,
      builtAt: null,
      madeOf: null,
      rcodesign: rcodesignVersion,
    }),
    clone: async (image, name, { signal }) => {
      const cloneDir = dirOf(name);
      await makeFolder(clonesDir, 0o700);
      const imagesDir = localImagesDir(stateDir);
      await cloneFiles({ imagesDir, image, cloneDir, authorizedKey: keys.publicKey, signal });
    },
    run: async (name, runOptions) => {
      runOptions.signal.throwIfAborted();
      if (machines.has(name)) throw alreadyRunning(name);
      const machine = startMachine(dirOf(name), options);
      machines.set(name, machine);
      try {
        const end = await lifeOf(machine, runOptions);
        const [expected, { reason, said }] = [askedToStop.has(machine), end];
        if (!expected) options.note('warn', 'a machine ended by itself', { vm: name, reason, said });
        return { expected, reason };
      } finally {
        machines.delete(name);
      }
    },
    locate: async (name, { signal }) => {
      signal.throwIfAborted();
      const machine = machines.get(name);
      if (machine) await untilAnnounced(machine, signal);
      return locate(name, dirOf(name), signal);
    },
    openGuest: (address, { signal }) =>
      connectSsh({
        address,
        credentials: { privateKey: keys.privateKey },
        signal,
        readyTimeoutMs: READY_TIMEOUT_MS,
      }),
    stop: async (name, { signal }) => {
      signal.throwIfAborted();
      await powerOff(name, signal);
    },
    delete: async (name, { signal }) => {
      signal.throwIfAborted();
      await powerOff(name, signal);
      await removeClone(name, dirOf(name));
    },
    list: async ({ signal }) => {
      signal.throwIfAborted();
      const names = await readdir(clonesDir).catch(nothingYet);
      return names.filter((name) => parseVmName(name)?.instance === instance);
    },
  };
}

/** Only a folder that is not there is an empty one. */
function nothingYet(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function lifeOf(machine: LocalMachine, { signal, onStarted }: VmRunOptions): Promise<LocalEnd> {
  const cutPower = () => machine.process.kill();
  signal.addEventListener('abort', cutPower, { once: true });
  try {
    onStarted();
    const end = await machine.ended;
    signal.throwIfAborted();
    return end;
  } finally {
    signal.removeEventListener('abort', cutPower);
  }
}

async function stopped(machine: LocalMachine, signal: AbortSignal): Promise<void> {
  const cutPower = () => machine.process.kill();
  signal.addEventListener('abort', cutPower, { once: true });
  machine.process.stop();
  await machine.ended;
  signal.removeEventListener('abort', cutPower);
  signal.throwIfAborted();
}

/** A guest that this process started tells when it listens: no need to ask again and again. */
const untilAnnounced = ({ announced }: LocalMachine, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    announced.then(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    });
  });

async function locate(name: string, cloneDir: string, signal: AbortSignal): Promise<GuestAddress> {
  signal.throwIfAborted();
  const listening = await readListening(cloneDir);
  if (!listening) throw notLocated(name);
  const hostKey = await readFile(cloneLayout(cloneDir).hostKey, 'utf8');
  signal.throwIfAborted();
  return {
    host: '127.0.0.1',
    port: listening.port,
    user: GUEST_USER,
    hostKeyFingerprint: fingerprintOfKey(hostKey),
  };
}

/** Processes that were just killed may still be writing: `rm` tries again for a moment. */
async function removeClone(name: string, cloneDir: string): Promise<void> {
  await removeTree(cloneDir, { maxRetries: 10, retryDelay: 50 }).catch((cause) => {
    throw new ShipError('VM_DELETE_FAILED', {
      summary: `The clone "${name}" could not be removed.`,
      reason: `The file system answered ${(cause as NodeJS.ErrnoException).code ?? 'with an error'}.`,
      nextStep: 'Check the permissions of the state folder; the daemon tries again at its next start.',
      cause,
    });
  });
}

function ours(name: string, instance: string): string {
  if (parseVmName(name)?.instance === instance) return name;
  throw new ShipError('INTERNAL_ERROR', {
    summary: `The machine "${name}" is not one of this daemon's making.`,
    reason: 'Its name is not of the form that this daemon gives.',
    nextStep: 'Report this run to the maintainers.',
  });
}

const alreadyRunning = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It is running already.',
    nextStep: 'Report this run to the maintainers.',
  });

const notLocated = (name: string): ShipError =>
  new ShipError('VM_NOT_LOCATED', {
    summary: `The machine "${name}" has no address yet.`,
    reason: 'Its guest has not said where it listens.',
    nextStep: 'Ask again in a moment.',
  });
