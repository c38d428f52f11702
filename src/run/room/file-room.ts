import type { TakenFile } from '../../../machines/lone-file/machine.ts';
import { parseCredentials } from '../../domain/credentials/index.ts';
import type { FileSetup } from '../channel/run-setup.ts';
import type { RunResults } from '../run-results.ts';
import type { RunServices } from '../services.ts';
import { takeFile } from '../steps/take-file.ts';
import type { RunRoom } from './run-room.ts';

/**
 * A run that is about a finished file, in its own process.
 *
 * @throws ShipError CREDENTIAL_INVALID · as `takeFile`
 */
export async function openFileRoom(
  setup: FileSetup,
  services: RunServices,
  signal: AbortSignal,
): Promise<{ readonly room: RunRoom; readonly taken: TakenFile }> {
  const { runId, jobId, folders } = setup;
  const results: RunResults = {
    ...{ runId, jobId, dir: folders.run, sentManifest: undefined, artifacts: new Map() },
    credentials: parseCredentials(setup.credentials),
  };
  const taken = await takeFile({ setup, services, results, signal });
  return { room: { services, results }, taken };
}
