import { createHash } from 'node:crypto';
import { writeIpa } from '../../files/archive/write-ipa.ts';
import { type FileDigest, writeDigested } from '../../files/disk/digested-file.ts';
import { listTree } from '../../files/disk/tree.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/** A plain zip of the signed app. */
export async function packZip({ results, signal, report }: StepScope, path: string): Promise<FileDigest> {
  const { appPath, folderName } = need(results, 'found');
  const onProgress = (doneBytes: number, totalBytes: number) =>
    report.progress((doneBytes / Math.max(1, totalBytes)) * 90);
  const options = { appDir: appPath, appFolderName: folderName, root: '', sourceDate: new Date() };
  return writeDigested(path, writeIpa({ ...options, signal, onProgress }));
}

/** The app itself, where it was signed. A folder has no bytes of its own: its digest is that of its listing. */
export async function signedApp({ results }: StepScope): Promise<FileDigest & { readonly path: string }> {
  const { appPath } = need(results, 'found');
  const tree = await listTree(appPath);
  const hash = createHash('sha256');
  for (const { path, type, sizeBytes } of tree) hash.update(`${type}\0${path}\0${sizeBytes}\n`);
  return {
    path: appPath,
    sizeBytes: tree.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    sha256Hex: hash.digest('hex'),
  };
}
