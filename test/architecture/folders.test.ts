import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Below a folder that this program has made before, so that they cannot lead to where no folder can be. */
const BELOW_OUR_OWN = [
  'src/demo/bundles/ios-app.ts',
  'src/demo/bundles/padding.ts',
  'src/files/archive/tree-writer.ts',
  'src/files/bundle/swift-support.ts',
  'src/files/icons/catalog-source.ts',
  'src/files/icons/draw.ts',
  'src/history/log-file.ts',
  'src/journal/line-file.ts',
  'src/run/steps/take-signatures.ts',
  'src/run/run-results.ts',
];

test('folders whose path a person gives are made by the helper that ends: a recursive mkdir may not', async () => {
  const names = (await readdir(join(root, 'src'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const found: string[] = [];
  for (const name of names) {
    const text = await readFile(join(root, 'src', name), 'utf8');
    if (/\bmkdir(?:Sync)?\((?:[^;]|\n)*?recursive: true/.test(text)) found.push(`src/${name}`);
  }
  expect(found.filter((file) => !BELOW_OUR_OWN.includes(file)).sort(), 'use makeFolder').toEqual([]);
});
