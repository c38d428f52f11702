import { type CallbackLogicFunction, fromCallback, fromPromise } from 'xstate';
import { type Failure, toFailure } from '../../machines/contracts/failure.ts';
import type { VmAddress, VmClone } from '../../machines/contracts/vm.ts';
import { vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import type { Config } from '../config/load.ts';
import type { NameLocks } from './name-locks.ts';
import type { Services } from './services.ts';

type Machine = { input: VmClone; signal: AbortSignal };
type RunEvents = { type: 'vm.started' } | { type: 'vm.exited'; reason: string; failure?: Failure };

/**
 * The vm-lifecycle with its ports filled in by the driver. An aborted call may still be ending while the next one
 * begins, so all calls for one machine wait for each other.
 */
export function provideVmLifecycle(services: Services, locks: NameLocks) {
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
      runVm: fromCallback(runVm(services, locks)),
      locateVm: fromPromise<VmAddress, VmClone>((vm) => driver.locate(vm.input.name, { signal: vm.signal })),
      connectGuest: fromPromise<void, VmClone & { address: VmAddress }>(async ({ input, signal }) => {
        const session = await driver.openGuest(input.address, { signal });
        if (!signal.aborted) guests.set(input.name, session);
        // it was unwanted the moment it was there
        else await session.close().catch(() => {});
      }),
      watchGuest: fromCallback(watchGuest(services)),
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

const configuredLimits = (config: Config) => ({
  cloneTimeout: config.vmCloneTimeoutSeconds * SECOND_MS,
  locateTimeout: config.vmAddressTimeoutSeconds * SECOND_MS,
  connectTimeout: config.vmSshTimeoutSeconds * SECOND_MS,
});

/** Lives as long as the machine; when its state is left, the machine is powered off at once. */
const runVm =
  (
    { driver, guests, logger }: Services,
    locks: NameLocks,
  ): CallbackLogicFunction<{ type: 'never' }, RunEvents, VmClone> =>
  ({ input, sendBack }) => {
    const powerOff = new AbortController();
    const onStarted = () => sendBack({ type: 'vm.started' });
    const running = driver.run(input.name, { signal: powerOff.signal, onStarted });
    locks.hold(input.name, running);
    running.then(
      ({ reason }) => sendBack({ type: 'vm.exited', reason }),
      (error: unknown) => {
        if (!powerOff.signal.aborted)
          logger.error({ vm: input.name, err: error }, 'machine could not be run');
        sendBack({ type: 'vm.exited', reason: (error as Error).message, failure: toFailure(error) });
      },
    );
    return () => {
      guests.delete(input.name);
      powerOff.abort(new Error('the machine is powered off'));
    };
  };

const watchGuest =
  ({
    guests,
  }: Services): CallbackLogicFunction<{ type: 'never' }, { type: 'guest.lost'; reason: string }, VmClone> =>
  ({ input, sendBack }) => {
    const session = guests.get(input.name);
    session?.closed.then((reason) => sendBack({ type: 'guest.lost', reason }));
    return () => {
      void session?.close().catch(() => {});
    };
  };
