import { shellCommand } from '../adapters/ssh/quote.ts';
import type { GuestStepScope } from './step.ts';

/** Of the job, in the guest's home; the machine has one job in its life. */
const JOB_DIR = 'perry-ship-job';

/** Makes a folder of the job in the guest, for nobody else to read. @returns its absolute path */
export async function guestFolder(
  { session, signal }: Pick<GuestStepScope, 'session' | 'signal'>,
  name: string,
): Promise<string> {
  const folder = `${JOB_DIR}/${name}`;
  const command = `cd && umask 077 && ${shellCommand(['mkdir', '-p', folder])} && cd ${folder} && pwd -P`;
  const { stdout, exitCode } = await session.exec(command, { signal });
  if (exitCode === 0) return stdout.replace(/\n$/, '');
  throw new Error(`the guest could not make a folder for the job (exit code ${exitCode})`);
}
