import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path/posix';
import { altered, readingAltered } from '../../adapters/guest/altered.ts';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import { getFile } from '../../adapters/guest/transfer.ts';
import { createDiskImage } from '../../adapters/xcode/index.ts';
import { defaultUnpackLimits } from '../../files/archive/limits.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { contentChange } from '../../files/dmg/same-content.ts';
import { volumeEntries } from '../../files/dmg/write.ts';
import { need } from '../run-results.ts';
import { signImage } from './sign-image.ts';
import type { GuestStepScope } from './step.ts';

/** The image as Apple's hdiutil makes it, in the guest that has the signed app; it comes here once it is signed. */
export async function packAppleDmg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { results, session, signal, report } = scope;
  const guestPath = `${need(results, 'guestAppPath')}.dmg`;
  await createDiskImage(session, {
    sourceDir: await volumeFolder(scope),
    imagePath: guestPath,
    volumeName: need(results, 'manifest').appName,
    signal,
    onRetry: (why) => report.log(`hdiutil is tried again: ${why}`),
  });
  report.progress(50);
  await signImage(scope, guestPath);
  report.progress(60);
  results.guestImagePath = guestPath;
  // the first one, when this is the second, may be kept by another name
  await rm(path, { force: true });
  const { sizeBytes, sha256Hex } = await getFile(session, {
    remotePath: guestPath,
    destPath: path,
    maxBytes: defaultUnpackLimits.maxUnpackedBytes,
    signal,
  });
  report.progress(80);
  await requireOurContent(scope, path);
  return { sizeBytes, sha256Hex };
}

/** The app on the image must be the one that was checked here, file by file: the guest could have exchanged it since. */
async function requireOurContent({ results, signal }: GuestStepScope, path: string): Promise<void> {
  const { appPath, folderName } = need(results, 'found');
  const change = await readingAltered('the disk image', async () =>
    contentChange(path, {
      volumeName: need(results, 'manifest').appName,
      entries: await volumeEntries(appPath, folderName),
      signal,
    }),
  );
  if (change !== undefined) throw altered('the disk image', change);
}

/** What the user sees: the app, and where to drag it. The app is moved: signed, it is needed nowhere else. */
async function volumeFolder({ results, session, signal }: GuestStepScope): Promise<string> {
  if (results.guestVolumePath !== undefined) return results.guestVolumePath;
  const appPath = need(results, 'guestAppPath');
  const folder = `${dirname(appPath)}/volume`;
  const commands = [
    ['mkdir', folder],
    ['mv', appPath, `${folder}/${basename(appPath)}`],
    ['chmod', '755', `${folder}/${basename(appPath)}`],
    ['ln', '-s', '/Applications', `${folder}/Applications`],
  ];
  const { exitCode } = await session.exec(commands.map((words) => shellCommand(words)).join(' && '), {
    signal,
  });
  if (exitCode === 0) {
    results.guestVolumePath = folder;
    return folder;
  }
  throw new Error(`the guest could not lay out the disk image (exit code ${exitCode})`);
}
