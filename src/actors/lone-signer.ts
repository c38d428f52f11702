import { loneSignerMachine } from '../../machines/lone-signer/machine.ts';
import type { Services } from '../run/services.ts';
import { createNameLocks } from './name-locks.ts';
import type { LocalJob } from './run-steps.ts';
import { provideSignJob } from './sign-job.ts';
import { provideVmLifecycle } from './vm-lifecycle.ts';

/** One sign-job without a hub: the same steps, but for where the bundle comes from and where the artifact goes. */
export function provideLoneSigner(services: Services, local: LocalJob) {
  const signJob = provideSignJob(services, provideVmLifecycle(services, createNameLocks()), local);
  return loneSignerMachine.provide({ actors: { signJob } });
}
