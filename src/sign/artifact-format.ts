import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { copyTree } from '../files/disk/copy-tree.ts';
import { artifactOf } from '../run/steps/artifact-place.ts';
import type { StepScope } from '../run/steps/step.ts';

/** What the person gets of an app that is distributed directly: an image, a package, or the app that is in it. */
export type ArtifactFormat = 'dmg' | 'pkg' | 'app' | 'zip';

/** Puts the artifact at a path where nothing is; an app is a folder. */
export function writeArtifact(scope: StepScope, to: string): Promise<void> {
  const { path } = artifactOf(scope);
  if (scope.results.format === 'app') return copyTree(path, to, { signal: scope.signal });
  return copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
}
