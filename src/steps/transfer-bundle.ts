import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import { shellCommand } from '../adapters/ssh/quote.ts';
import { markTree } from '../adapters/vm/changed-files.ts';
import { putTree } from '../adapters/vm/transfer.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** Folder of the job in the guest's home; the machine has one job in its life. */
const GUEST_JOB_DIR = 'perry-ship-job';

/** The prepared bundle goes into the guest; from here on only signing changes it. */
export async function transferBundle(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  const { appPath, folderName } = held(desk, 'found');
  const totalBytes = Math.max(1, desk.unpackedBytes ?? 1);
  const guestAppPath = `${await makeJobDir(scope)}/${folderName}`;
  await putTree(session, {
    sourceDir: appPath,
    remoteDir: guestAppPath,
    signal,
    onProgress: (sentBytes) => report.progress((sentBytes / totalBytes) * 40),
  });
  desk.guestAppPath = guestAppPath;
  desk.guestTree = await markTree(session, {
    remoteDir: guestAppPath,
    maxFiles: defaultUnpackLimits.maxEntries,
    signal,
  });
}

async function makeJobDir({ session, signal }: GuestStepScope): Promise<string> {
  const command = `cd && umask 077 && ${shellCommand(['mkdir', '-p', GUEST_JOB_DIR])} && cd ${GUEST_JOB_DIR} && pwd -P`;
  const { stdout, exitCode } = await session.exec(command, { signal });
  if (exitCode === 0) return stdout.replace(/\n$/, '');
  throw new Error(`the guest could not make a folder for the job (exit code ${exitCode})`);
}
