import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withCatalogFile } from '../../src/files/asset-catalog/open.ts';
import { hasAppIcon } from '../../src/formats/asset-catalog/read/app-icon.ts';
import { iconCatalog } from '../helpers/icon-catalog.ts';

const hasIcon = (path: string, name: string): boolean =>
  withCatalogFile(path, (source) => hasAppIcon(source, name));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catalog-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (bytes: Buffer): string => {
  const path = join(folder, 'Assets.car');
  writeFileSync(path, bytes);
  return path;
};

test('a catalog on the disk is asked for its app icon, however large it is', () => {
  const large = iconCatalog({ change: (store) => store.add(Buffer.alloc(3_000_000, 7)) });
  const path = put(large);
  expect(hasIcon(path, 'AppIcon')).toBe(true);
  expect(hasIcon(path, 'Other')).toBe(false);
});

test('a file that is no catalog, an empty one, and a folder are told as such', () => {
  const refused = 'The compiled asset catalog cannot be read.';
  expect(() => hasIcon(put(Buffer.from('no catalog')), 'AppIcon')).toThrow(refused);
  expect(() => hasIcon(put(Buffer.alloc(0)), 'AppIcon')).toThrow(refused);
  expect(() => hasIcon(folder, 'AppIcon')).toThrow(refused);
});

test('a link in place of the catalog is not followed', () => {
  const path = put(iconCatalog());
  symlinkSync(path, join(folder, 'link.car'));
  expect(() => hasIcon(join(folder, 'link.car'), 'AppIcon')).toThrow('ELOOP');
});
