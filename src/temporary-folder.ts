import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShipError } from './errors.ts';

/**
 * A folder of its own for what is gone in the end.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function makeTemporaryFolder(prefix: string): Promise<string> {
  const place = tmpdir();
  return mkdtemp(join(place, prefix)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error;
    throw new ShipError('CONFIG_INVALID', {
      summary: `No folder for temporary files can be made in "${place}" (TMPDIR).`,
      reason: `The system says ${error.code}.`,
      nextStep: 'Set TMPDIR to a folder that exists and that this user may write to.',
      cause: error,
    });
  });
}
