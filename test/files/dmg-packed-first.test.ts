import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { DMG_HEAD_BYTES, type DmgPart, DmgWriter, volumeEntries } from '../../src/files/dmg/write.ts';
import { joinedCrc } from '../../src/formats/udif/crc.ts';
import { makeTree, neverAborted as signal, snapshot, sourceDate, withTempDir } from '../helpers/dmg-tree.ts';

const bytesOf = async (parts: AsyncIterable<DmgPart>): Promise<Buffer[]> => {
  const bytes: Buffer[] = [];
  for await (const part of parts) bytes.push(part.bytes);
  return bytes;
};

/** The entries of a bundle; what is in `Resources` is packed first. */
const entriesOf = async (dir: string) =>
  (await volumeEntries(join(dir, 'source'), 'My.app')).map((entry) =>
    entry.type === 'file' && entry.path.includes('/Resources/') ? { ...entry, packedAs: 0 } : entry,
  );

describe('contents that are packed before the rest is known', () => {
  const resources = {
    'a large one': randomBytes(2_500_000),
    'a small one': 'text',
    'an empty one': '',
    deflated: 'key = "value";\n'.repeat(100_000),
    deeper: { 'one block': Buffer.alloc(4096, 7) },
  };

  test.each<[string, Parameters<typeof makeTree>[1]]>([
    ['code that grows', { MacOS: { App: randomBytes(1_200_000) } }],
    [
      'code that shrinks, and a seal that comes',
      { MacOS: { App: 'x' }, _CodeSignature: { CodeResources: 'seal' } },
    ],
    [
      'many new files, so that the catalog grows',
      Object.fromEntries([...Array(500).keys()].map((n) => [`f${n}`, 'x'])),
    ],
    ['nothing else', {}],
  ])('hold with %s', (_, later) =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { MacOS: { App: randomBytes(70_000) }, Resources: resources });
      const writer = new DmgWriter({ volumeName: 'My App', sourceDate });
      const first = await bytesOf(writer.packFirst({ root: await entriesOf(dir), signal }));
      await makeTree(join(dir, 'source'), later);
      const [head = Buffer.alloc(0), ...rest] = await bytesOf(
        writer.finish({ root: await entriesOf(dir), signal }),
      );
      expect(head).toHaveLength(DMG_HEAD_BYTES);
      const image = join(dir, 'image.dmg');
      await writeFile(image, Buffer.concat([head, ...first, ...rest]));
      await extractDmg(image, join(dir, 'out'), { signal });
      expect(await snapshot(join(dir, 'out/My.app'))).toEqual(await snapshot(join(dir, 'source')));
    }),
  );

  test('stay when the image is made anew with one more file, which is all that is read', () =>
    withTempDir(async (dir) => {
      const tree = { MacOS: { App: randomBytes(1_200_000) }, Resources: resources };
      await makeTree(join(dir, 'source'), tree);
      const writer = new DmgWriter({ volumeName: 'My App', sourceDate });
      const turns = async () =>
        (await volumeEntries(join(dir, 'source'), 'My.app')).map((entry) =>
          entry.type === 'file' && !entry.path.endsWith('ticket')
            ? { ...entry, packedAs: entry.path.includes('/Resources/') ? 0 : 1 }
            : entry,
        );
      const packed = [
        ...(await bytesOf(writer.packFirst({ root: await entriesOf(dir), signal }))),
        ...(await bytesOf(writer.packFirst({ root: await turns(), signal }))),
      ];
      expect(writer.packedBytes).toBe(DMG_HEAD_BYTES + Buffer.concat(packed).length);
      for (const later of [{}, { ticket: 's8ch' }, { ticket: 's8ch and more' }]) {
        await makeTree(join(dir, 'source'), later);
        const read: string[] = [];
        const onBytes = ({ path }: { readonly path: string }) => void read.push(path);
        const options = { root: await turns(), signal, onBytes };
        const [head = Buffer.alloc(0), ...rest] = await bytesOf(writer.finish(options));
        expect(read).toEqual(Object.keys(later).map((name) => `My.app/${name}`));
        const image = join(dir, `${Object.values(later).join()}.dmg`);
        await writeFile(image, Buffer.concat([head, ...packed, ...rest]));
        const out = join(dir, `out-${Object.values(later).join()}`);
        await extractDmg(image, out, { signal });
        expect(await snapshot(join(out, 'My.app'))).toEqual(await snapshot(join(dir, 'source')));
      }
    }));

  test('tells the bytes of each file in their order', () =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { MacOS: { App: 'code' }, Resources: resources });
      const seen = new Map<string, Buffer>();
      const onBytes = ({ path }: { readonly path: string }, bytes: Buffer): void =>
        void seen.set(path, Buffer.concat([seen.get(path) ?? Buffer.alloc(0), bytes]));
      const writer = new DmgWriter({ volumeName: 'My App', sourceDate });
      await bytesOf(writer.packFirst({ root: await entriesOf(dir), signal, onBytes }));
      expect(seen.get('My.app/Resources/a large one')?.equals(resources['a large one'])).toBe(true);
      expect(seen.get('My.app/Resources/deflated')?.toString()).toBe(resources.deflated);
      expect(seen.has('My.app/MacOS/App')).toBe(false);
    }));
});

test.each([0, 1, 4096, 65_537])(
  'the CRC of two runs of bytes follows from theirs, the second of %i bytes',
  (length) => {
    const [one, other] = [randomBytes(777), randomBytes(length)];
    expect(joinedCrc(crc32(one), crc32(other), length)).toBe(crc32(Buffer.concat([one, other])));
  },
);
