import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withCatalogFile } from '../../src/files/asset-catalog/open.ts';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { describeCatalog } from '../../src/formats/asset-catalog/read/describe.ts';
import { decodePixels } from '../../src/formats/asset-catalog/read/pixels.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { layoutProblems } from '../helpers/fresh-catalog.ts';

/** What `test/setup/apple-built.mjs` has put there; it says why when something is missing. */
const cache = join(
  process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches')
    : (process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')),
  'perry-ship/apple-built',
);
const appOf = (version: string): string =>
  join(cache, `mitmproxy-macos-${version}`, 'Mitmproxy Redirector.app');
const catalogOf = (version: string): string => join(appOf(version), 'Contents/Resources/Assets.car');

/** Of all pixels as Apple's own decoder gives them (the Python package lzfse 0.4.2.post1), in the order of the file. */
const PIXELS = [
  '33ce52c80734501cd7c60c4a127ff392eba2c096ce386851bc4fd2d67be313f2',
  '10322ecb1714b206498581f6a4643838ae0e9dafb8056035f46547c6081dce12',
  '958d37a8ab5807f3f37204d1a0894ef154c11e61af2562fd0b892d9ab663f698',
  '84843ded6c6730a639ee0a4c1ee0a90ac136147a58bdfe43a180b8c75cc9534c',
  '84843ded6c6730a639ee0a4c1ee0a90ac136147a58bdfe43a180b8c75cc9534c',
  '963652f02a51eafc916b0de4f84c86381ad5f01177a95d8a28a68a028577e86e',
  '958d37a8ab5807f3f37204d1a0894ef154c11e61af2562fd0b892d9ab663f698',
];

describe.each([
  ['0.11.5', 'Xcode 15.4 (15F31d) via ibtoold', 868],
  ['0.3.0', 'Xcode 14.2 (14C18) via ibtoold', 738],
])('the asset catalog of mitmproxy %s', (version, tool, coreUiVersion) => {
  const isHere = existsSync(catalogOf(version));

  test.skipIf(!isHere)(`is that of ${tool}, and nothing is odd about it`, () => {
    const { facts, problems } = withCatalogFile(catalogOf(version), (source) =>
      describeCatalog(readCatalog(source)),
    );
    expect(problems).toEqual([]);
    expect(facts).toMatchObject({
      platform: 'macosx',
      tool,
      coreUiVersion,
      names: ['AppIcon'],
      renditionCount: 13,
      idioms: ['any'],
      encodings: { lzfse: 7, 'link into an atlas': 5, 'list of icon sizes': 1 },
      icons: [
        {
          name: 'AppIcon',
          layered: false,
          sizes: [{ idiom: 'any', points: ['16x16', '32x32', '128x128', '256x256', '512x512'] }],
          pictureCount: 10,
        },
      ],
    });
  });

  test.skipIf(!isHere)('is laid out as our own are', () => {
    const bytes = readFileSync(catalogOf(version));
    const problems = layoutProblems(bytes, readCatalog(inMemory(bytes)));
    expect(problems.filter((problem) => !problem.startsWith('variables '))).toEqual([]);
  });

  test.skipIf(!isHere)("has the pixels that Apple's decoder of LZFSE finds in it", () => {
    const found = withCatalogFile(catalogOf(version), (source) => {
      const { store, renditions } = readCatalog(source);
      const pictures = renditions.rows.toSorted((left, right) => left.payload.block - right.payload.block);
      return pictures.flatMap((rendition) => {
        const pixels = decodePixels(store, rendition, { bytes: 1e8 });
        return typeof pixels === 'object' ? createHash('sha256').update(pixels.rows).digest('hex') : [];
      });
    });
    expect(found).toEqual(PIXELS);
  });
});

test.skipIf(!existsSync(catalogOf('0.11.5')))('a notarized app holds, with its catalog', async () => {
  const report = await verifyArtifact(appOf('0.11.5'), { signal: new AbortController().signal });
  expect(report).toMatchObject({ ok: true, findings: [], warnings: [], stapledTicket: true });
  expect(report.apps[0]?.catalogs.map(({ path }) => path)).toEqual(['Contents/Resources/Assets.car']);
});
