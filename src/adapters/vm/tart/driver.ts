import { isIPv4 } from 'node:net';
import { vmDrivers } from '../../../domain/vm-driver.ts';
import { parseVmName } from '../../../domain/vm-name.ts';
import { ShipError } from '../../../errors.ts';
import type { GuestAddress } from '../../guest/guest.ts';
import type { VmDriver, VmExit, VmRunOptions } from '../driver.ts';
import { unlessAborted } from '../patience.ts';
import { checkTartHost } from './check-host.ts';
import { cloneMachine } from './clone.ts';
import { defaultPath, type Tart, tartCommand } from './command.ts';
import { deleteMachine, stopStranger } from './destroy.ts';
import { addressMoved, alreadyRunning, notLocated, notOurs } from './failures.ts';
import { folderNames, tartHome } from './home.ts';
import { createMachineProver } from './identity.ts';
import { readRecord } from './image-record.ts';
import { createLimitWatch, type LimitWatch } from './limit-watch.ts';
import { listMachines } from './listing.ts';
import { tartNetwork } from './network.ts';
import { openTartGuest } from './open-guest.ts';
import { DEFAULT_STOP_GRACE_MS, type TartDriverOptions } from './options.ts';
import { type RunningMachine, startMachine } from './running-machine.ts';

/** Tart looks once a second; longer waits would be of no use, because an address can change. */
const ADDRESS_WAIT_SECONDS = '5';
const ADDRESS_DEADLINE_MS = 15_000;

/**
 * Machines of Tart (2.32.1) on this Mac: `tart clone`, `run`, `ip`, `stop`, `delete`, `list`, and `exec` to prove to each
 * other whom we talk to.
 *
 * @see https://tart.run
 */
export function createTartDriver(options: TartDriverOptions): VmDriver {
  const { instance, note, ssh, minFreeDiskGb, stopGraceMs: graceMs = DEFAULT_STOP_GRACE_MS } = options;
  const home = tartHome(options.home);
  const tart = tartCommand(options);
  const network = tartNetwork(options, options.path ?? defaultPath());
  const prover = createMachineProver(tart, note);
  const limit = createLimitWatch(note);
  const running = new Map<string, RunningMachine>();
  const isOurs = (name: string): boolean => parseVmName(name)?.instance === instance;
  const ours = (name: string): string => {
    if (isOurs(name)) return name;
    throw notOurs(name);
  };

  const whereNow = async ({ machine, host }: GuestAddress, signal: AbortSignal): Promise<string> => {
    const found = machine && (await locate({ tart, limit, options }, ours(machine), signal).catch(() => {}));
    signal.throwIfAborted();
    return found ? found.host : host;
  };

  return {
    kind: 'tart',
    isolates: vmDrivers.tart.isolates,
    checkHost: (image, { signal }) => checkTartHost(tart, ssh, image, signal),
    reach: ({ signal }) => network.reach(signal),
    describeImage: async (image) => {
      const record = await readRecord(home, image);
      const [builtAt, rcodesign] = [record?.builtAt ?? null, record?.rcodesign.version ?? null];
      return { sha256Hex: null, builtAt, madeOf: record ? `macOS ${record.osVersion}` : null, rcodesign };
    },
    clone: async (image, name, { signal }) => {
      // known from here on: a machine that is to be started is stopped by what `run` has registered at once
      await network.flags(signal);
      await cloneMachine(tart, { image, name: ours(name), home, minFreeDiskGb, signal });
    },
    run: async (name, runOptions) => {
      const flags = await network.flags(runOptions.signal);
      runOptions.signal.throwIfAborted();
      if (running.has(name)) throw alreadyRunning(name);
      const machine = startMachine(tart, ours(name), flags);
      running.set(name, machine);
      try {
        return await lead(machine, name, runOptions, options);
      } catch (error) {
        throw isLimit(error) ? limit.refused(name, running.size - 1, error) : error;
      } finally {
        running.delete(name);
      }
    },
    locate: async (name, { signal }) => locate({ tart, limit, options }, ours(name), signal),
    openGuest: async (address, { signal }) => {
      try {
        return await openTartGuest(ssh, prover, address, signal);
      } catch (error) {
        const now = isTurnedAway(error) ? await whereNow(address, signal) : address.host;
        throw now === address.host ? error : addressMoved(address, error);
      }
    },
    stop: async (name, { signal }) => {
      signal.throwIfAborted();
      const machine = running.get(ours(name));
      if (machine) await unlessAborted(machine.stop(graceMs), signal);
      else await stopStranger(tart, name, { graceMs, signal });
    },
    delete: async (name, { signal }) => {
      signal.throwIfAborted();
      await unlessAborted(running.get(ours(name))?.stop(graceMs), signal);
      await deleteMachine(tart, { name, home, graceMs, signal });
      prover.forget(name);
    },
    list: async ({ signal }) => {
      const listed = (await listMachines(tart, { signal })).filter(({ isLocal }) => isLocal);
      const names = [...listed.map(({ name }) => name), ...(await folderNames(home))];
      return [...new Set(names)].filter(isOurs);
    },
  };
}

/** From start to end. What Tart said is for the log alone: it may name folders of this host. */
async function lead(
  machine: RunningMachine,
  name: string,
  { signal, onStarted }: VmRunOptions,
  { note }: TartDriverOptions,
): Promise<VmExit> {
  onStarted();
  const { expected, reason, inOrder = false, result } = await machine.follow({ signal });
  const { exitCode, stdout, stderr } = result;
  if (!expected)
    note('warn', 'a machine ended by itself', {
      ...{ vm: name, reason, exitCode },
      ...{ stdout: stdout.slice(-2_048), stderr: stderr.slice(-2_048) },
    });
  return { expected, reason, inOrder };
}

/** Final for a machine that is where we think; an address that has changed since belonged to somebody else. */
const isTurnedAway = (error: unknown): boolean =>
  error instanceof ShipError && ['GUEST_HOST_KEY_MISMATCH', 'GUEST_AUTH_REFUSED'].includes(error.code);

const isLimit = (error: unknown): error is ShipError =>
  error instanceof ShipError && error.code === 'VM_LIMIT_REACHED';

interface Locator {
  readonly tart: Tart;
  readonly limit: LimitWatch;
  readonly options: TartDriverOptions;
}

/** `tart ip NAME --wait 5` → `192.168.64.7`; an address is no promise that somebody answers there, or who. */
async function locate(
  { tart, limit, options }: Locator,
  name: string,
  signal: AbortSignal,
): Promise<GuestAddress> {
  const result = await tart.call(['ip', name, '--wait', ADDRESS_WAIT_SECONDS], {
    signal,
    deadlineMs: ADDRESS_DEADLINE_MS,
  });
  const host = result.stdout.trim();
  if (result.exitCode !== 0 || result.timedOut || !isIPv4(host)) throw notLocated(name, result);
  limit.started();
  const { user, port, hostKey } = options.ssh;
  return { host, port, user, hostKeyFingerprint: hostKey ?? '', machine: name };
}
