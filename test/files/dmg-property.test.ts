import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { foldName } from '../../src/formats/hfsplus/case-fold.ts';
import { decompose } from '../../src/formats/hfsplus/names.ts';
import { writeDmg } from '../helpers/dmg-file.ts';
import {
  makeTree,
  neverAborted as signal,
  snapshot,
  sourceDate,
  type Tree,
  withTempDir,
} from '../helpers/dmg-tree.ts';

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..')
  .filter((text) => Buffer.byteLength(decompose(text)) <= 255 && foldName(decompose(text)) !== '')
  .map((text) => decompose(text));

const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 1, 13, 4096 / 4, 5000))
  .map(([part, times]) => Buffer.concat(Array.from({ length: times }, () => Buffer.from(part))));
const file = fc.record({ bytes, mode: fc.constantFrom(0o644, 0o755, 0o600) });
const link = fc.record({ link: name });

/** A folder whose names are different for HFS+ too. */
const folderOf = (item: fc.Arbitrary<Tree[string]>): fc.Arbitrary<Tree> =>
  fc
    .uniqueArray(fc.tuple(name, item), { maxLength: 6, selector: ([text]) => foldName(text) })
    .map((items) => Object.fromEntries(items));

const { tree } = fc.letrec<{ item: Tree[string]; tree: Tree }>((tie) => ({
  item: fc.oneof({ maxDepth: 3 }, file, link, tie('tree')),
  tree: folderOf(tie('item')),
}));

test('any small tree comes back as it went in', () =>
  fc.assert(
    fc.asyncProperty(tree, (source) =>
      withTempDir(async (dir) => {
        await makeTree(join(dir, 'source'), source);
        const root = await volumeEntries(join(dir, 'source'), 'Any.app');
        const outPath = join(dir, 'image.dmg');
        await writeDmg({ volumeName: 'Any', root, sourceDate, signal, outPath });
        await extractDmg(outPath, join(dir, 'out'), { signal });
        expect(await snapshot(join(dir, 'out/Any.app'))).toEqual(await snapshot(join(dir, 'source')));
      }),
    ),
    { numRuns: 60 },
  ));
