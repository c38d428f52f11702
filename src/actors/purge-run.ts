import type { PurgeInput } from '../../machines/sign-job/ports.ts';
import type { Services } from '../run/services.ts';
import { clearRun } from '../run/steps/keep-artifact.ts';
import type { NameLocks } from './name-locks.ts';

/**
 * Removes what a run has: its secrets at once, its folder when every step of it has ended, because one that was aborted
 * may still be writing. The token of the assignment whose conclusion awaits its receipt is kept.
 *
 * @throws errors of the disk · the signal's reason
 */
export async function purgeRun(
  services: Services,
  locks: NameLocks,
  { runId, assignmentIds, awaitsReceipt }: PurgeInput,
  signal: AbortSignal,
): Promise<void> {
  for (const id of assignmentIds) {
    if (id === awaitsReceipt) services.vault.dropSecrets(id);
    else services.vault.settle(id);
  }
  await locks.run(runId, signal, () => clearRun(services, runId));
}
