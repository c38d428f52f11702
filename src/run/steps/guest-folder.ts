import { refused, transferFailed } from '../../adapters/guest/guest-path.ts';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import type { GuestStepScope } from './step.ts';

/** Of the job, in the guest's home; the machine has one job in its life. */
const JOB_DIR = 'perry-ship-job';
/** PATH_MAX of macOS. */
const MAX_PATH_CHARACTERS = 1024;

/** `Linux 6.1.0-18-cloud-amd64 x86_64`, `Darwin 24.5.0 arm64`. */
const SYSTEM = /^[\w.+~ -]{1,100}$/;

/**
 * Makes a folder of the job in the guest, for nobody else to read.
 *
 * @returns its absolute path
 * @throws ShipError GUEST_OUTPUT_REFUSED when the guest names another place · GUEST_DISK_FULL · GUEST_TRANSFER_FAILED
 */
export async function guestFolder(
  { session, signal }: Pick<GuestStepScope, 'session' | 'signal'>,
  name: string,
): Promise<string> {
  return (await guestFolderAndSystem({ session, signal }, name)).path;
}

/** The same, and what the guest says that it runs: kernel, its release, and the processor; empty when it is no such text. */
export async function guestFolderAndSystem(
  { session, signal }: Pick<GuestStepScope, 'session' | 'signal'>,
  name: string,
): Promise<{ readonly path: string; readonly system: string }> {
  const folder = `${JOB_DIR}/${name}`;
  const command = `uname -srm; cd && umask 077 && ${shellCommand(['mkdir', '-p', folder])} && cd ${folder} && pwd -P`;
  const { stdout, stderr, exitCode } = await session.exec(command, { signal });
  if (exitCode !== 0) throw transferFailed('Making a folder in the machine', stderr, exitCode);
  const end = stdout.indexOf('\n');
  const [system, path] = [stdout.slice(0, end), stdout.slice(end + 1).replace(/\n$/, '')];
  if (isPlaceOf(path, folder)) return { path, system: SYSTEM.test(system) ? system : '' };
  throw refused(`it named ${JSON.stringify(path.slice(0, 200))} as the folder "${folder}" that it made`);
}

const isPlaceOf = (path: string, folder: string): boolean =>
  path.length <= MAX_PATH_CHARACTERS &&
  path.startsWith('/') &&
  path.endsWith(`/${folder}`) &&
  !/[\p{Cc}\ufffd]/u.test(path);
