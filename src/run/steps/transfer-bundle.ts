import { relative } from 'node:path';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import { syncTree } from '../../adapters/guest/sync-tree.ts';
import { putTree } from '../../adapters/guest/transfer.ts';
import type { EarlyCopy } from '../early-transfer.ts';
import { need } from '../run-results.ts';
import { guestFolderAndSystem } from './guest-folder.ts';
import type { GuestStepScope } from './step.ts';

/** The prepared bundle goes into the guest, afresh for each pass; from here on only signing changes it. */
export async function transferBundle(scope: GuestStepScope): Promise<void> {
  const { results, session, signal, report, pass } = scope;
  const { appPath: sourceDir, folderName } = need(results, 'found');
  const totalBytes = Math.max(1, results.unpackedBytes ?? 1);
  const { path, system } = await guestFolderAndSystem(scope, `pass-${pass + 1}`);
  if (pass === 0 && system) report.log(`The machine runs ${system}.`);
  const remoteDir = `${path}/${folderName}`;
  const onProgress = (sentBytes: number) => report.progress((sentBytes / totalBytes) * 40);
  const options = { sourceDir, remoteDir, signal, onProgress };
  const early = await earlyCopy(scope);
  if (early && (await isMoved(scope, early.remoteDir, remoteDir)))
    await syncTree(session, { ...options, sent: early.sent });
  else await putTree(session, options);
  results.guestAppPath = remoteDir;
}

/** What was sent while the bundle was unpacked, if it was this bundle; it serves once, because signing changes it. */
async function earlyCopy({ results, signal }: GuestStepScope): Promise<EarlyCopy | undefined> {
  const { earlyTransfer: early } = results;
  delete results.earlyTransfer;
  const { appPath, archiveDir } = need(results, 'found');
  if (early?.app === relative(archiveDir, appPath)) return early.copy(signal);
  early?.stop();
  return undefined;
}

async function isMoved({ session, signal }: GuestStepScope, from: string, to: string): Promise<boolean> {
  return (await session.exec(shellCommand(['mv', from, to]), { signal })).exitCode === 0;
}
