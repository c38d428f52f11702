import { type CallbackLogicFunction, fromCallback, fromPromise } from 'xstate';
import type { VmAddress, VmClone } from '../../machines/contracts/vm.ts';
import { vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import type { NameLocks } from './name-locks.ts';
import type { Services } from './services.ts';

type Machine = { input: VmClone; signal: AbortSignal };
type RunEvents = { type: 'vm.started' } | { type: 'vm.exited'; reason: string };

/**
 * The vm-lifecycle with its ports filled in by the driver. An aborted call may still be ending while the next one
 * begins, so all calls for one machine wait for each other.
 */
export function provideVmLifecycle(services: Services, locks: NameLocks) {
  const { driver, guests } = services;
  const inTurn = <T>({ input, signal }: Machine, call: () => Promise<T>) =>
    locks.run(input.name, signal, call);
  return vmLifecycleMachine.provide({
    delays: { ...vmLimits, ...services.limits.vm },
    actors: {
      cloneVm: fromPromise<void, VmClone>((vm) =>
        inTurn(vm, () => driver.clone(vm.input.image, vm.input.name, { signal: vm.signal })),
      ),
      runVm: fromCallback(runVm(services, locks)),
      locateVm: fromPromise<VmAddress, VmClone>((vm) => driver.locate(vm.input.name, { signal: vm.signal })),
      connectGuest: fromPromise<void, VmClone & { address: VmAddress }>(async ({ input, signal }) => {
        const session = await driver.openGuest(input.address, { signal });
        guests.set(input.name, session);
      }),
      watchGuest: fromCallback(watchGuest(services)),
      stopVm: fromPromise<void, VmClone>((vm) => driver.stop(vm.input.name, { signal: vm.signal })),
      deleteVm: fromPromise<void, VmClone>((vm) =>
        inTurn(vm, () => driver.delete(vm.input.name, { signal: vm.signal })),
      ),
    },
  });
}

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
        sendBack({ type: 'vm.exited', reason: (error as Error).message });
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
