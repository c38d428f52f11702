import { writeIpa } from '../adapters/archive/write-ipa.ts';
import { type FileDigest, writeDigested } from '../adapters/files/digested-file.ts';
import { readAhead } from '../adapters/files/read-ahead.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** Of 256 KiB: read and compressed while the last one is hashed and written. */
const PIECES_AHEAD = 4;

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
  return writeDigested(path, readAhead(ipa, PIECES_AHEAD));
}
