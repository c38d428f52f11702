import { joined } from '../../domain/bundle/nested-places.ts';
import { replaceFile } from '../../files/bundle/plain-file.ts';
import { compiledCatalog } from '../../files/icons/index.ts';
import { need } from '../run-results.ts';
import { catalogTarget, noteCatalog } from './catalog-target.ts';
import type { StepScope } from './step.ts';

/** The icon as a compiled catalog, where no actool made one. Loose icons and their keys were drawn of the same picture. */
export async function compileIcon({ results, signal }: StepScope): Promise<void> {
  const target = await catalogTarget(results);
  const catalog = await compiledCatalog(need(results, 'iconArt'), { ...target, signal });
  const { appPath } = need(results, 'found');
  await replaceFile(appPath, joined(need(results, 'facts').resources, 'Assets.car'), catalog);
  noteCatalog(results);
}
