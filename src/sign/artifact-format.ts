import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { writeIpa } from '../files/archive/write-ipa.ts';
import { copyTree } from '../files/disk/copy-tree.ts';
import { writeDigested } from '../files/disk/digested-file.ts';
import { artifactOf } from '../run/steps/artifact-place.ts';
import type { StepScope } from '../run/steps/step.ts';
import { held } from '../run/workbench.ts';

/** What the person gets of an app that is distributed directly: the image, or the app that is in it. */
export type ArtifactFormat = 'dmg' | 'app' | 'zip';

/** Puts what was asked for at a path where nothing is. */
export async function writeFormat(
  scope: StepScope,
  format: ArtifactFormat | undefined,
  to: string,
): Promise<void> {
  const { desk, signal } = scope;
  if (format === undefined || format === 'dmg')
    return copyFile(artifactOf(scope).path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const { appPath, folderName } = held(desk, 'found');
  if (format === 'app') return copyTree(appPath, to, { signal });
  const options = { appDir: appPath, appFolderName: folderName, root: '', sourceDate: new Date(), signal };
  await writeDigested(to, writeIpa(options));
}
