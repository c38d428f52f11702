import { refused } from '../../adapters/guest/guest-path.ts';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import type { GuestStepScope } from './step.ts';

/** Of the job, in the guest's home; the machine has one job in its life. */
const JOB_DIR = 'perry-ship-job';
/** PATH_MAX of macOS. */
const MAX_PATH_CHARACTERS = 1024;

/**
 * Makes a folder of the job in the guest, for nobody else to read.
 *
 * @returns its absolute path
 * @throws ShipError GUEST_OUTPUT_REFUSED when the guest names another place
 */
export async function guestFolder(
  { session, signal }: Pick<GuestStepScope, 'session' | 'signal'>,
  name: string,
): Promise<string> {
  const folder = `${JOB_DIR}/${name}`;
  const command = `cd && umask 077 && ${shellCommand(['mkdir', '-p', folder])} && cd ${folder} && pwd -P`;
  const { stdout, exitCode } = await session.exec(command, { signal });
  if (exitCode !== 0)
    throw new Error(`the guest could not make a folder for the job (exit code ${exitCode})`);
  const path = stdout.replace(/\n$/, '');
  if (isPlaceOf(path, folder)) return path;
  throw refused(`it named ${JSON.stringify(path.slice(0, 200))} as the folder "${folder}" that it made`);
}

const isPlaceOf = (path: string, folder: string): boolean =>
  path.length <= MAX_PATH_CHARACTERS &&
  path.startsWith('/') &&
  path.endsWith(`/${folder}`) &&
  !/[\p{Cc}\ufffd]/u.test(path);
