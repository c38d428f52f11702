import { writeIpa } from '../adapters/archive/write-ipa.ts';
import { type FileDigest, writeDigested } from '../adapters/files/digested-file.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** The .ipa is made on the host, from the signed bundle that came back. */
export function packIpa({ desk, signal, report }: GuestStepScope, path: string): Promise<FileDigest> {
  const { appPath, folderName } = held(desk, 'found');
  const ipa = writeIpa({
    appDir: appPath,
    appFolderName: folderName,
    sourceDate: new Date(),
    signal,
    onProgress: (doneBytes, totalBytes) => report.progress((doneBytes / Math.max(1, totalBytes)) * 90),
  });
  return writeDigested(path, ipa);
}
