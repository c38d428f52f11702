import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extractDmg } from '../../files/dmg/read.ts';
import { need } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { bundleNames } from './bundle-names.ts';
import { forgetGuestCopies } from './guest-copies.ts';
import type { StepScope } from './step.ts';

/**
 * Puts the app of a disk image in the place of the bundle, which signing has not touched in this process, or has signed
 * for another pass.
 *
 * @throws ShipError as `extractDmg`
 */
export async function restoreApp(scope: StepScope): Promise<void> {
  const { results, signal } = scope;
  const { appPath, folderName } = need(results, 'found');
  const folder = join(results.dir, 'restored');
  const placeOf = await bundleNames(appPath, folderName);
  await rm(folder, { recursive: true, force: true });
  await extractDmg(artifactOf(scope).path, folder, { signal, placeOf });
  await rm(appPath, { recursive: true, force: true });
  await rename(join(folder, folderName), appPath);
  await rm(folder, { recursive: true, force: true });
  forgetGuestCopies(results);
}
