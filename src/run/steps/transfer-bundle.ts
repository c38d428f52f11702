import { putTree } from '../../adapters/guest/transfer.ts';
import { held } from '../workbench.ts';
import { guestFolder } from './guest-folder.ts';
import type { GuestStepScope } from './step.ts';

/** The prepared bundle goes into the guest, afresh for each pass; from here on only signing changes it. */
export async function transferBundle(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report, pass } = scope;
  const { appPath, folderName } = held(desk, 'found');
  const totalBytes = Math.max(1, desk.unpackedBytes ?? 1);
  const guestAppPath = `${await guestFolder(scope, `pass-${pass + 1}`)}/${folderName}`;
  await putTree(session, {
    sourceDir: appPath,
    remoteDir: guestAppPath,
    signal,
    onProgress: (sentBytes) => report.progress((sentBytes / totalBytes) * 40),
  });
  desk.guestAppPath = guestAppPath;
}
