import { join } from 'node:path';
import type { BundleSurvey, CatalogFault } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { iconNameOf } from '../../domain/icons/index.ts';
import { ShipError } from '../../errors.ts';
import { appIconFault } from '../../formats/asset-catalog/read/app-icon.ts';
import { type Catalog, readCatalog } from '../../formats/asset-catalog/read/catalog.ts';
import { withCatalogFile } from '../asset-catalog/open.ts';
import { nextInTurn } from '../disk/small-file.ts';

/** Apps with many extensions and resource bundles have some dozens. */
const MAX_CATALOGS = 100;
const IS_CATALOG = /(?:^|\/)Assets\.car$/;

/** Reads every compiled asset catalog of a bundle, and of the app's own also the icon. */
export async function readCatalogFaults(
  appPath: string,
  { info, layout, hasAssetsCar, files }: BundleSurvey,
): Promise<CatalogFault[]> {
  if (!info || !layout) return [];
  const own = joined(layout.resources, 'Assets.car');
  const others = [...files].filter((path) => path !== own && IS_CATALOG.test(path));
  const name = iconNameOf(info) ?? 'AppIcon';
  const faults: CatalogFault[] = [];
  for (const path of [...(hasAssetsCar ? [own] : []), ...others].slice(0, MAX_CATALOGS)) {
    await nextInTurn();
    const isOfApp = path === own;
    const found = faultOf(join(appPath, path), (catalog) =>
      isOfApp ? appIconFault(catalog, name) : undefined,
    );
    if (found) faults.push({ path, isOfApp, what: found.what, reason: found.reason ?? '' });
  }
  return faults;
}

type Found = Pick<CatalogFault, 'what'> & Partial<Pick<CatalogFault, 'reason'>>;

function faultOf(path: string, judge: (catalog: Catalog) => Found | undefined): Found | undefined {
  try {
    return withCatalogFile(path, (source) =>
      source.sizeBytes === 0 ? { what: 'empty' } : judge(readCatalog(source)),
    );
  } catch (error) {
    return { what: 'unreadable', reason: reasonOf(error) };
  }
}

/** @throws what is neither a fault of the catalog nor an answer of the system */
function reasonOf(error: unknown): string {
  if (error instanceof ShipError) return error.failure.reason;
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  return code === 'ELOOP'
    ? 'It is a symbolic link, not a file.'
    : `The operating system says ${code ?? 'nothing more'}.`;
}
