import { randomBytes } from 'node:crypto';
import { appendFile, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractDmg, verifyDmg } from '../../src/files/dmg/read.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { createDmgStream, readDmgFile, writeDmg } from '../helpers/dmg-file.ts';
import {
  makeTree,
  neverAborted as signal,
  snapshot,
  sourceDate,
  type Tree,
  withTempDir,
} from '../helpers/dmg-tree.ts';

const MIB = 1024 * 1024;
const program = { bytes: randomBytes(3 * MIB + 17), mode: 0o755 };
const app: Tree = {
  Contents: {
    MacOS: { App: program },
    Resources: {
      'empty file': '',
      'empty folder': {},
      'text.strings': 'key = "value";\n'.repeat(200_000),
      'one block': Buffer.alloc(4096, 7),
      'über 한국어 😀 a:b': 'names',
      ['n'.repeat(255)]: 'long',
    },
    Current: { link: 'MacOS/App' },
    Missing: { link: 'nowhere/at all' },
  },
};

/** The image of an app with `tree` inside, written into a temporary folder. */
const withImage = (tree: Tree, work: (image: string, dir: string) => Promise<void>): Promise<void> =>
  withTempDir(async (dir) => {
    await makeTree(join(dir, 'source'), tree);
    await write(dir, 'image.dmg');
    await work(join(dir, 'image.dmg'), dir);
  });

const write = async (dir: string, name: string, more: Partial<Parameters<typeof writeDmg>[0]> = {}) =>
  writeDmg({
    volumeName: 'My App',
    root: await volumeEntries(join(dir, 'source'), 'My.app'),
    sourceDate,
    signal,
    outPath: join(dir, name),
    ...more,
  });

describe('writing', () => {
  test('what was written is what is read', () =>
    withImage(app, async (image, dir) => {
      const facts = await extractDmg(image, join(dir, 'out'), { signal });
      expect(facts).toMatchObject({ volumeName: 'My App', fileSystem: 'HFS+' });
      expect(facts.signed).toBeUndefined();
      expect(facts.sizeBytes).toBe((await stat(image)).size);
      expect(facts.entries).toContainEqual(
        expect.objectContaining({ path: 'Applications', type: 'symlink', linkTarget: '/Applications' }),
      );
      expect(await snapshot(join(dir, 'out/My.app'))).toEqual(await snapshot(join(dir, 'source')));
      expect(await readDmgFile(image, 'My.app/Contents/Resources/über 한국어 😀 a:b')).toEqual(
        Buffer.from('names'),
      );
      expect(await readDmgFile(image, 'My.app/none')).toBeUndefined();
    }));

  test('the same input gives the same bytes, whatever the order of the entries', () =>
    withImage(app, async (image, dir) => {
      const first = await write(dir, 'first.dmg');
      const root = (await volumeEntries(join(dir, 'source'), 'My.app')).toReversed();
      expect(await write(dir, 'second.dmg', { root })).toEqual(first);
      expect((await readFile(join(dir, 'second.dmg'))).equals(await readFile(image))).toBe(true);
    }));

  test('what does not deflate is stored as it is, and the rest is deflated', () =>
    withImage({ random: randomBytes(4 * MIB), zeros: Buffer.alloc(8 * MIB) }, async (image) => {
      const { size } = await stat(image);
      expect(size).toBeGreaterThan(4 * MIB);
      expect(size).toBeLessThan(4 * MIB + 100_000);
    }));

  test('tells its progress to the last byte', () =>
    withImage(app, async (_image, dir) => {
      const steps: [number, number][] = [];
      await write(dir, 'again.dmg', { onProgress: (done, total) => steps.push([done, total]) });
      expect(steps.length).toBeGreaterThan(3);
      expect(steps.at(-1)?.[0]).toBe(steps.at(-1)?.[1]);
    }));

  test('10,000 files in one folder come back', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `file ${index}`);
    return withImage({ many: Object.fromEntries(names.map((name) => [name, name])) }, async (image) => {
      const { entries } = await verifyDmg(image, { signal });
      expect(entries).toHaveLength(10_003);
      expect(await readDmgFile(image, 'My.app/many/file 9999')).toEqual(Buffer.from('file 9999'));
    });
  });

  test('a deep tree comes back', () => {
    const deep = Array.from({ length: 100 }).reduce<Tree>((tree) => ({ folder: tree }), { leaf: 'x' });
    return withImage(deep, async (image, dir) => {
      await extractDmg(image, join(dir, 'out'), { signal });
      expect(await snapshot(join(dir, 'out/My.app'))).toEqual(await snapshot(join(dir, 'source')));
    });
  });
});

describe('a bundle that changes while it is written', () => {
  /** Changes the file `z` when it has been opened and part of it has been read. */
  const changeHalfway = (change: (path: string) => Promise<void>): Promise<void> =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { a: 'x'.repeat(2 * MIB), z: randomBytes(8 * MIB) });
      const root = await volumeEntries(join(dir, 'source'), 'My.app');
      const parts = createDmgStream({ volumeName: 'V', root, sourceDate, signal });
      await parts.next(); // the head
      await parts.next();
      await change(join(dir, 'source/z'));
      const drain = async () => {
        for await (const part of parts) expect(part.length).toBeGreaterThan(0);
      };
      await expect(drain()).rejects.toMatchObject({ code: 'BUNDLE_CHANGED' });
    });

  test('a file that grows is an error', () => changeHalfway((path) => appendFile(path, 'x')));
  test('a file that shrinks is an error', () => changeHalfway((path) => truncate(path, 10)));
  test('a file that is rewritten is an error', () =>
    changeHalfway(async (path) => {
      await writeFile(path, 'y'.repeat(8 * MIB));
      await utimes(path, 1, 1);
    }));

  test('a file that is not as it was listed is an error', () =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { there: 'x' });
      const root = await volumeEntries(join(dir, 'source'), 'My.app');
      await appendFile(join(dir, 'source/there'), 'y');
      await expect(write(dir, 'image.dmg', { root })).rejects.toThrow(/had 1 bytes.*and 2 bytes/);
    }));

  test('a file that is gone is an error that names it', () =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { there: 'x' });
      const root = await volumeEntries(join(dir, 'source'), 'My.app');
      const gone = root.map((entry) => ({
        ...entry,
        ...(entry.source && { source: `${entry.source}.gone` }),
      }));
      await expect(write(dir, 'image.dmg', { root: gone })).rejects.toThrow(/My\.app\/there.*ENOENT/);
    }));

  test('aborting ends it with the reason of the signal', () =>
    withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), { data: randomBytes(8 * MIB) });
      const stop = new AbortController();
      const options = { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
      await expect(write(dir, 'image.dmg', options)).rejects.toThrow('enough');
    }));
});

describe('damage', () => {
  /** Flips one byte of an image that is `from` the start, or before the end when negative. */
  const flip = async (image: string, from: number): Promise<void> => {
    const bytes = await readFile(image);
    const at = from < 0 ? bytes.length + from : from;
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    await writeFile(image, bytes);
  };

  test.each<[string, number, RegExp]>([
    ['a byte stored as it is', 100, /CRC-32 of the/],
    ['a deflated byte', 4096 + 100, /chunk at byte 4096 of the file cannot be inflated/],
    ['the checksum of the data', -512 + 0x58, /CRC-32 of the stored data/],
    ['the checksum of the image', -512 + 0x168, /CRC-32 of the whole image/],
    ['the property list', -600, /property list/],
    ['the trailer', -512, /does not end with the trailer/],
  ])('of %s is found', (_, from, finding) =>
    withImage({ a: 'x' }, async (image) => {
      await flip(image, from);
      const verdict = verifyDmg(image, { signal });
      await expect(verdict).rejects.toThrow(finding);
      await expect(verifyDmg(image, { signal })).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
    }),
  );

  test('of a partition is found by its own checksum', () =>
    withImage({ a: 'x' }, async (image) => {
      const bytes = await readFile(image);
      const text = bytes.toString('latin1');
      // The table begins "mish", version 1; its checksum is at byte 72 of it, so at character 96 of the base64.
      const at = text.replace(/\s/g, ' ').indexOf('bWlzaA');
      const line = text.slice(at).split(/\s+/);
      const crcAt = at + text.slice(at).indexOf(line[1] ?? '') + (96 - 52);
      bytes[crcAt] = bytes[crcAt] === 0x41 ? 0x42 : 0x41;
      await writeFile(image, bytes);
      await expect(verifyDmg(image, { signal })).rejects.toThrow(/CRC-32 of the partition "whole disk/);
    }));

  test('a file cut short is found', () =>
    withImage({ a: 'x' }, async (image) => {
      await truncate(image, 300);
      await expect(verifyDmg(image, { signal })).rejects.toMatchObject({ code: 'DMG_CORRUPT' });
    }));

  test('nothing that exists is replaced by extracting', () =>
    withImage({ a: 'x' }, async (image, dir) => {
      await makeTree(join(dir, 'out'), { 'My.app': { link: '/tmp' } });
      await expect(extractDmg(image, join(dir, 'out'), { signal })).rejects.toMatchObject({ code: 'EEXIST' });
    }));

  test('a folder without permissions is written all the same', () =>
    withImage({ a: 'x' }, async (_image, dir) => {
      const listed = await volumeEntries(join(dir, 'source'), 'My.app');
      const root = listed.map((entry) => ({ ...entry, mode: 0 }));
      await write(dir, 'odd.dmg', { root });
      await extractDmg(join(dir, 'odd.dmg'), join(dir, 'out'), { signal });
      expect(await readFile(join(dir, 'out/My.app/a'), 'utf8')).toBe('x');
    }));
});
