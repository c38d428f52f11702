import { join } from 'node:path';
import type { DrawnIcons } from '../../../machines/contracts/job.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { drawIcons as draw } from '../../files/icons/index.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/** Draws the app icon in every size from the one picture that the compiler left in the bundle. */
export async function drawIcons(scope: StepScope): Promise<DrawnIcons> {
  const { results, signal, report } = scope;
  const { appPath } = need(results, 'found');
  const catalogFolder = await folderForCatalog(scope);
  const { iconVariants } = need(results, 'manifest');
  const facts = need(results, 'facts');
  const { iconKeys, art, catalogPath, warnings } = await draw(appPath, facts, {
    signal,
    variants: iconVariants,
    ...(catalogFolder !== undefined && { catalogFolder }),
  });
  for (const warning of warnings) report.log(warning);
  if (iconKeys) results.icons = iconKeys;
  if (catalogPath !== undefined) results.catalogPath = catalogPath;
  report.progress(60);
  const hasCatalog = art !== undefined && !facts.hasAssetsCar;
  if (hasCatalog) results.iconArt = art;
  return { hasCatalog };
}

/** Compiled catalogs cannot be merged, so one that the app brought stays. Only actool needs its source as files. */
async function folderForCatalog({ results, services }: StepScope): Promise<string | undefined> {
  if (need(results, 'facts').hasAssetsCar || services.toolchain === 'portable') return undefined;
  const folder = join(results.dir, 'catalog');
  await makeFolder(folder, 0o700);
  return folder;
}
