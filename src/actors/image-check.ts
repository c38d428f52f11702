import { fromPromise } from 'xstate';
import { imageCheckMachine } from '../../machines/image-check/machine.ts';
import { createNameLocks } from './name-locks.ts';
import { provideVmLifecycle, type VmServices } from './vm-lifecycle.ts';

/** The image-check with its ports filled in. @param examine - asks the guest of the machine of that name */
export const provideImageCheck = (
  services: VmServices,
  examine: (vmName: string, signal: AbortSignal) => Promise<void>,
) =>
  imageCheckMachine.provide({
    actors: {
      trialVm: provideVmLifecycle(services, createNameLocks()),
      examineGuest: fromPromise<void, { vmName: string }>(({ input, signal }) =>
        examine(input.vmName, signal),
      ),
    },
  });
