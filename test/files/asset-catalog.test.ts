import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogFileHasAppIcon } from '../../src/files/asset-catalog/app-icon.ts';
import { iconCatalog } from '../helpers/icon-catalog.ts';

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
  expect(catalogFileHasAppIcon(path, 'AppIcon')).toBe(true);
  expect(catalogFileHasAppIcon(path, 'Other')).toBe(false);
});

test('a file that is no catalog, an empty one, and a folder are told as such', () => {
  const refused = 'The compiled asset catalog cannot be read.';
  expect(() => catalogFileHasAppIcon(put(Buffer.from('no catalog')), 'AppIcon')).toThrow(refused);
  expect(() => catalogFileHasAppIcon(put(Buffer.alloc(0)), 'AppIcon')).toThrow(refused);
  expect(() => catalogFileHasAppIcon(folder, 'AppIcon')).toThrow(refused);
});

test('a link in place of the catalog is not followed', () => {
  const path = put(iconCatalog());
  symlinkSync(path, join(folder, 'link.car'));
  expect(() => catalogFileHasAppIcon(join(folder, 'link.car'), 'AppIcon')).toThrow('ELOOP');
});
