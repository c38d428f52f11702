import type { PurgeInput } from '../../machines/sign-job/ports.ts';
import { removeFolder } from '../run/host/run-folders.ts';
import type { Services } from '../run/services.ts';

/**
 * The run is over: its process ends, and with it everything that only that process had; then its folder goes, and what
 * was kept for a restart. The token of the last assignment stays until the hub has the result.
 */
export async function purgeRun(
  {
    vault,
    runs,
    keptArtifacts,
    foldersOf,
    signatures,
  }: Pick<Services, 'vault' | 'runs' | 'keptArtifacts' | 'foldersOf' | 'signatures'>,
  { runId, assignmentIds, awaitsReceipt }: PurgeInput,
): Promise<void> {
  for (const id of assignmentIds) {
    if (id === awaitsReceipt) vault.dropSecrets(id);
    else vault.settle([id]);
  }
  signatures.forget(runId);
  const keptAs = runs.find(runId)?.keptAs ?? null;
  await runs.end(runId);
  if (keptAs !== null) await keptArtifacts.forget(keptAs);
  await removeFolder(foldersOf(runId).run);
}
