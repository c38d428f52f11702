import { hasAppIcon } from '../../formats/asset-catalog/read/app-icon.ts';
import { withCatalogFile } from './open.ts';

/**
 * Whether the compiled catalog at this path has an app icon of this name that the system can find.
 *
 * @throws the system's error · ShipError ASSET_CATALOG_MALFORMED
 */
export const catalogFileHasAppIcon = (path: string, name: string): boolean =>
  withCatalogFile(path, (source) => hasAppIcon(source, name));
