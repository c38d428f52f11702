import type { ClusterMachineEnd, ClusterRoom } from '../../../../machines/contracts/cluster.ts';
import { vmDrivers } from '../../../domain/vm-driver.ts';
import { parseVmName } from '../../../domain/vm-name.ts';
import { enterGuest } from '../../guest/enter-guest.ts';
import type { GuestAddress, GuestTunnel } from '../../guest/guest.ts';
import type { VmCallOptions, VmDriver, VmExit, VmRunOptions } from '../driver.ts';
import { unlessAborted } from '../patience.ts';
import { readCredentials } from '../tart/open-guest.ts';
import { endpointOf, orchardApi } from './api.ts';
import { checkCluster } from './check-host.ts';
import { alreadyRunning, endingOf, nameTaken, notLocated, notMade, notOurs } from './failures.ts';
import { orchardMachines } from './machines.ts';
import { type MadeMachine, machineMaker } from './make.ts';
import { createNamesakes, NAMESAKE, NAMESAKE_NEXT_STEP, type Namesakes } from './namesakes.ts';
import type { OrchardDriverOptions } from './options.ts';
import { checkAccount } from './roles.ts';
import { readRoom } from './room.ts';
import { trustOf } from './trust.ts';

/** So long the controller waits for the guest before it opens a tunnel, in whole seconds. */
const TUNNEL_WAIT_SECONDS = 10;
/** That wait, what the controller needs beyond it, and the handshake of SSH. */
const READY_TIMEOUT_MS = 25_000;
/** To give up a machine that nobody wants any more. */
const POWER_OFF_TIMEOUT_MS = 10_000;
const SSH_PORT = 22;

/**
 * Machines of an Orchard cluster (0.55.0). One request makes and boots a machine: `clone` waits until a worker has started
 * it, `run` follows it to its end, and both `stop` and `delete` remove its record, upon which its worker destroys it within
 * seconds. SSH goes through the controller and the worker, which see its ciphertext alone.
 *
 * @see https://github.com/openai/orchard
 */
export function createOrchardDriver(
  options: OrchardDriverOptions,
  namesakes: Namesakes = createNamesakes(),
): VmDriver {
  const { instance, ssh, runtime, guestNetwork, note } = options;
  const api = orchardApi(options);
  const machines = orchardMachines(api, options);
  const { make, failingHosts } = machineMaker(api, machines, options);
  const made = new Map<string, MadeMachine>();
  const running = new Set<string>();
  const unwanted = new WeakSet<MadeMachine>();
  const isOurs = (name: string): boolean => parseVmName(name)?.instance === instance;
  const tellStrangers = (names: readonly string[]): void => {
    const strangers = namesakes.strangersAmong(names);
    if (strangers.length > 0) note('error', NAMESAKE, { machines: strangers, nextStep: NAMESAKE_NEXT_STEP });
  };
  const ours = (name: string): string => {
    if (isOurs(name)) return name;
    throw notOurs(name);
  };
  const expectEnd = (name: string): MadeMachine | undefined => {
    const machine = made.get(ours(name));
    if (machine) unwanted.add(machine);
    return machine;
  };
  const remove = async (name: string, signal: AbortSignal): Promise<void> => {
    const machine = expectEnd(name);
    signal.throwIfAborted();
    await machines.remove(name, signal);
    machine?.unwanted();
  };
  /** Who deletes a machine must know of it for as long as it may still be made. */
  const forgetOnceSettled = (name: string, machine: MadeMachine): void =>
    void machine.settled.then(() => made.get(name) === machine && made.delete(name));
  const abandon = async (name: string): Promise<void> => {
    await remove(name, AbortSignal.timeout(POWER_OFF_TIMEOUT_MS)).catch((error) =>
      note('warn', 'a machine of the cluster could not be removed yet', { vm: name, err: error }),
    );
  };

  return {
    kind: 'orchard',
    isolates: vmDrivers.orchard.isolates,
    outlivesConnections: true,
    failingHosts,
    checkHost: (_image, { signal }) => checkCluster(api, options, signal),
    checkAccount: ({ signal }) => checkAccount(api, signal),
    reach: async () => {
      if (runtime === 'tart') return { network: guestNetwork === 'none' ? 'blocked' : 'shared' };
      return { network: 'shared', fix: 'Give the workers a network that leads nowhere.' };
    },
    // nothing counts the machines of the other runtime
    ...(runtime === 'tart' && {
      room: ({ signal }: VmCallOptions): Promise<ClusterRoom> =>
        readRoom(api, machines, options, { isOurs, onSeen: tellStrangers }, signal),
    }),
    clone: async (image, name, { signal }) => {
      signal.throwIfAborted();
      if (made.has(ours(name))) throw nameTaken(name);
      namesakes.expect(name);
      const machine = make(image, name);
      made.set(name, machine);
      const failed = await unlessAborted(machine.started, signal).catch((error: unknown) => {
        machine.unwanted();
        forgetOnceSettled(name, machine);
        throw error;
      });
      if (!failed) return;
      forgetOnceSettled(name, machine);
      // nothing is left by a clone that failed
      if (!failed.isAnother) await abandon(name);
      throw failed.error;
    },
    run: async (name, runOptions) => {
      runOptions.signal.throwIfAborted();
      const known = made.get(ours(name));
      if (!known) throw notMade(name);
      if (running.has(name)) throw alreadyRunning(name);
      running.add(name);
      const end = await followToEnd(known, runOptions)
        .catch(async (error) => {
          await abandon(name);
          throw error;
        })
        .finally(() => running.delete(name));
      const [expected, reason] = [unwanted.has(known), endingOf(end, known.refusal())];
      if (!expected) note('warn', 'a machine ended by itself', { vm: name, reason, ...end });
      return { expected, reason } satisfies VmExit;
    },
    locate: async (name, { signal }) => {
      signal.throwIfAborted();
      if (!running.has(ours(name))) throw notLocated(name);
      const { user, hostKey = '' } = ssh;
      return { host: name, port: SSH_PORT, user, hostKeyFingerprint: hostKey, machine: name };
    },
    openGuest: async (address, { signal }) => {
      signal.throwIfAborted();
      const tunnel = tunnelTo(address, options);
      const credentials = await readCredentials(ssh);
      const access = { address, credentials, tunnel };
      const session = await enterGuest(access, { signal, readyTimeoutMs: READY_TIMEOUT_MS });
      made.get(address.machine ?? '')?.entered();
      return session;
    },
    stop: (name, { signal }) => remove(name, signal),
    delete: async (name, { signal }) => {
      const machine = expectEnd(name);
      signal.throwIfAborted();
      machine?.unwanted();
      // what a request that is under way makes would come after its removal
      await unlessAborted(machine?.settled, signal);
      await remove(name, signal);
      made.delete(name);
    },
    list: async ({ signal }) => [...(await machines.all(signal)).keys()].filter(isOurs),
  };
}

async function followToEnd(
  known: MadeMachine,
  { signal, onStarted }: VmRunOptions,
): Promise<ClusterMachineEnd> {
  onStarted();
  return (await unlessAborted(known.ended, signal)) as ClusterMachineEnd;
}

function tunnelTo({ machine = '' }: GuestAddress, options: OrchardDriverOptions): GuestTunnel {
  const { url, serviceAccount, token } = options;
  const path = `/vms/${encodeURIComponent(machine)}/port-forward`;
  const target = endpointOf(url, `${path}?port=${SSH_PORT}&wait=${TUNNEL_WAIT_SECONDS}`);
  target.protocol = target.protocol === 'http:' ? 'ws:' : 'wss:';
  return { url: target.href, user: serviceAccount, token, ...trustOf(options) };
}
