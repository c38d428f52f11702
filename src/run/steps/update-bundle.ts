import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { putFile, putTree } from '../../adapters/guest/transfer.ts';
import { validateStaple } from '../../adapters/xcode/index.ts';
import { TICKET_PATH } from '../../files/stapling/index.ts';
import { need } from '../run-results.ts';
import { guestFolder } from './guest-folder.ts';
import { crossCheck } from './second-opinion.ts';
import type { GuestStepScope } from './step.ts';

const TICKET_MODE = 0o644;

/**
 * The guest gets the ticket of the app; one that does not have the signed app gets all of it. Where Apple's stapler is,
 * it is asked about the ticket before anything is made of it.
 */
export async function updateBundle(scope: GuestStepScope): Promise<void> {
  const { session, signal, report, toolchain } = scope;
  const path = await guestApp(scope);
  if (toolchain !== 'xcode') return;
  const ask = () => validateStaple(session, { path, signal });
  await crossCheck({ tool: 'stapler', subject: 'the app', ask, code: 'STAPLE_FAILED' }, report);
}

/** @returns the place of the stapled app in the guest */
async function guestApp(scope: GuestStepScope): Promise<string> {
  const { results, session, signal } = scope;
  const { appPath: sourceDir, folderName } = need(results, 'found');
  const { guestAppPath, guestVolumePath } = results;
  if (guestAppPath === undefined) {
    const remoteDir = `${await guestFolder(scope, 'stapled')}/${folderName}`;
    await putTree(session, { sourceDir, remoteDir, signal });
    results.guestAppPath = remoteDir;
    return remoteDir;
  }
  const remoteDir = guestVolumePath === undefined ? guestAppPath : `${guestVolumePath}/${folderName}`;
  const source = await readFile(join(sourceDir, TICKET_PATH));
  await putFile(session, { source, remotePath: `${remoteDir}/${TICKET_PATH}`, mode: TICKET_MODE, signal });
  return remoteDir;
}
