import { type CallbackLogicFunction, fromCallback, fromPromise } from 'xstate';
import { type Failure, toFailure } from '../../machines/contracts/failure.ts';
import type { VmAddress, VmClone } from '../../machines/contracts/vm.ts';
import { vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import type { Config } from '../config/load.ts';
import type { Journal } from '../journal/journal.ts';
import { guestOf, type WatchedGuest, watchedGuest } from '../run/host/watched-guest.ts';
import type { Limits } from '../run/limits.ts';
import type { Services } from '../run/services.ts';
import type { NameLocks } from './name-locks.ts';
import { isDetached, type RunningMachine, type RunningMachines } from './running-machines.ts';

/** What a machine needs of the services: its connections, its driver, and where it is written down. */
export interface VmServices {
  readonly driver: VmDriver;
  readonly guests: Map<string, WatchedGuest>;
  readonly config: Pick<Config, 'vmCloneTimeoutSeconds' | 'vmAddressTimeoutSeconds' | 'vmSshTimeoutSeconds'>;
  readonly limits: Pick<Limits, 'vm'>;
  readonly journal: Pick<Journal, 'machineBegins' | 'machineIsGone'>;
  readonly logger: Pick<Services['logger'], 'error'>;
}

type Machine = { input: VmClone; signal: AbortSignal };
type RunEvents =
  | { type: 'vm.started' }
  | { type: 'vm.exited'; reason: string; inOrder?: boolean; failure?: Failure };

type GuestLost = { type: 'guest.lost'; reason: string; mayReturn: boolean };

/**
 * The vm-lifecycle with its ports filled in by the driver. An aborted call may still be ending while the next one
 * begins, so all calls for one machine wait for each other.
 */
export function provideVmLifecycle(services: VmServices, locks: NameLocks) {
  const machines: RunningMachines = new Map();
  const { driver, guests, journal } = services;
  const inTurn = <T>({ input, signal }: Machine, call: () => Promise<T>) =>
    locks.run(input.name, signal, call);
  return vmLifecycleMachine.provide({
    delays: { ...vmLimits, ...configuredLimits(services.config), ...services.limits.vm },
    actors: {
      cloneVm: fromPromise<void, VmClone>((vm) =>
        inTurn(vm, async () => {
          await journal.machineBegins(vm.input.name);
          await driver.clone(vm.input.image, vm.input.name, { signal: vm.signal });
        }),
      ),
      runVm: fromCallback(runVm(services, locks, machines)),
      locateVm: fromPromise<VmAddress, VmClone>((vm) => driver.locate(vm.input.name, { signal: vm.signal })),
      connectGuest: fromPromise<void, VmClone & { address: VmAddress }>(async ({ input, signal }) => {
        const session = await driver.openGuest(input.address, { signal });
        if (!signal.aborted) guests.set(input.name, watchedGuest(session));
        // it was unwanted the moment it was there
        else await session.close().catch(() => {});
      }),
      watchGuest: fromCallback(watchGuest(services, machines)),
      probeGuest: fromPromise<void, VmClone>(async ({ input, signal }) => {
        await guestOf(guests, input.name).probe(signal);
      }),
      detachVm: fromPromise<void, VmClone>(async ({ input }) => {
        const machine = machines.get(input.name);
        if (!machine) throw new Error(`machine ${input.name} does not run`);
        machine.isDetached = true;
      }),
      stopVm: fromPromise<void, VmClone>((vm) => driver.stop(vm.input.name, { signal: vm.signal })),
      deleteVm: fromPromise<void, VmClone>((vm) =>
        inTurn(vm, async () => {
          await driver.delete(vm.input.name, { signal: vm.signal });
          await journal.machineIsGone(vm.input.name);
        }),
      ),
    },
  });
}

const SECOND_MS = 1_000;

const configuredLimits = (config: VmServices['config']) => ({
  cloneTimeout: config.vmCloneTimeoutSeconds * SECOND_MS,
  locateTimeout: config.vmAddressTimeoutSeconds * SECOND_MS,
  connectTimeout: config.vmSshTimeoutSeconds * SECOND_MS,
});

/** Starts a machine, or takes up one that was handed over. */
function takeUp(
  { driver, guests }: VmServices,
  locks: NameLocks,
  machines: RunningMachines,
  name: string,
  onStarted: () => void,
): RunningMachine {
  const handedOver = machines.get(name);
  if (handedOver) {
    handedOver.isDetached = false;
    onStarted();
    return handedOver;
  }
  const powerOff = new AbortController();
  const running = driver.run(name, { signal: powerOff.signal, onStarted });
  locks.hold(name, running);
  const machine = { running, powerOff, isDetached: false };
  machines.set(name, machine);
  // one that ends while nobody has it, e.g. because it is swept away, leaves nothing here
  void Promise.allSettled([running]).then(() => {
    if (machines.get(name) !== machine) return;
    machines.delete(name);
    guests.delete(name);
  });
  return machine;
}

/** Lives as long as the machine; when its state is left, the machine is powered off at once, or handed over. */
const runVm =
  (
    services: VmServices,
    locks: NameLocks,
    machines: RunningMachines,
  ): CallbackLogicFunction<{ type: 'never' }, RunEvents, VmClone> =>
  ({ input: { name }, sendBack }) => {
    const machine = takeUp(services, locks, machines, name, () => sendBack({ type: 'vm.started' }));
    machine.running.then(
      ({ reason, inOrder = false }) => sendBack({ type: 'vm.exited', reason, inOrder }),
      (error: unknown) => {
        if (!machine.powerOff.signal.aborted)
          services.logger.error({ vm: name, err: error }, 'machine could not be run');
        sendBack({ type: 'vm.exited', reason: (error as Error).message, failure: toFailure(error) });
      },
    );
    return () => {
      if (machine.isDetached) return;
      machines.delete(name);
      services.guests.delete(name);
      machine.powerOff.abort(new Error('the machine is powered off'));
    };
  };

const watchGuest =
  (
    { driver, guests }: VmServices,
    machines: RunningMachines,
  ): CallbackLogicFunction<{ type: 'never' }, GuestLost, VmClone> =>
  ({ input, sendBack }) => {
    const session = guests.get(input.name);
    let isWatched = true;
    session?.closed.then((reason) => {
      if (!isWatched) return;
      // what a job was doing in it is lost with its connection
      const mayReturn = driver.outlivesConnections === true && !session.isHandedOver();
      if (mayReturn) guests.delete(input.name);
      sendBack({ type: 'guest.lost', reason, mayReturn });
    });
    return () => {
      isWatched = false;
      if (!isDetached(machines, input.name)) void session?.close().catch(() => {});
    };
  };
