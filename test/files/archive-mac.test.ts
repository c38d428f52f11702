import { readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackBundle } from '../../src/files/archive/unpack-bundle.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { makeSandbox, type Sandbox } from '../helpers/archive-sandbox.ts';
import {
  inPieces,
  paxHeader,
  paxRecord,
  type TarPart,
  tarball,
  tarGz,
  tarPart,
  zip,
} from '../helpers/archives.ts';

/** What `tar`, `ditto` and the Finder of a Mac put into archives, and other tools seldom do. */
let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(() => sandbox.remove());

const never = new AbortController().signal;
const unpack = (bytes: Buffer, pieceBytes = 1000) =>
  unpackBundle(inPieces(bytes, pieceBytes), sandbox.dest, { spoolDir: sandbox.spool, signal: never });
const content = (path: string) => readFile(join(sandbox.dest, path), 'latin1');
const hardLink = (name: string, linkName: string): TarPart => ({ name, type: '1', linkName });

describe('hard links', () => {
  test('become files of their own, with the mode of the first', async () => {
    const result = await unpack(
      tarGz(
        { name: './X.app/git', body: 'program', mode: 0o755 },
        hardLink('./X.app/git-add', './X.app/git'),
        hardLink('X.app/git-log', 'X.app/git-add'),
        { name: 'X.app/later', body: 'x' },
      ),
    );
    expect(result).toMatchObject({ entryCount: 4, unpackedBytes: 3 * 7 + 1 });
    await writeFile(join(sandbox.dest, 'X.app/git'), 'signed');
    for (const name of ['git-add', 'git-log']) {
      expect(await content(`X.app/${name}`)).toBe('program');
      expect((await stat(join(sandbox.dest, 'X.app', name))).mode & 0o777).toBe(0o755);
    }
  });

  test('with names that only an extended header can hold', async () => {
    const long = `X.app/${'d'.repeat(120)}/${'f'.repeat(120)}`;
    await unpack(
      tarGz(paxHeader({ path: long }), { body: 'x' }, paxHeader({ path: `${long}2`, linkpath: long }), {
        type: '1',
      }),
    );
    expect(await content(`${long}2`)).toBe('x');
  });

  test('to a symbolic link become links', async () => {
    await unpack(
      tarGz(
        { name: 'X.app/a', body: 'x' },
        { name: './X.app/b', type: '2', linkName: 'a' },
        hardLink('X.app/c', 'X.app/b'),
      ),
    );
    for (const name of ['b', 'c']) expect(await readlink(join(sandbox.dest, 'X.app', name))).toBe('a');
  });

  test('to extended attributes that are left out are left out as well', async () => {
    const attributes = Buffer.from('00051607000200004d6163', 'hex');
    await unpack(
      tarGz({ name: 'X.app/._a', body: attributes }, { name: 'X.app/a' }, hardLink('X.app/._b', 'X.app/._a')),
    );
    expect((await listTree(sandbox.dest)).map(({ path }) => path)).toEqual(['X.app', 'X.app/a']);
  });

  test('cost the room of the file that they name', async () => {
    const big = { name: 'X.app/a', body: Buffer.alloc(1024 * 1024, 'random enough') };
    const links = Array.from({ length: 80 }, (_, i) => hardLink(`X.app/${i}`, 'X.app/a'));
    await expect(unpack(tarGz(big, ...links))).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' });
  });
});

const records = (pairs: [string, string][]): TarPart => ({
  type: 'x',
  body: Buffer.concat(pairs.map(([key, value]) => paxRecord(key, value))),
});
const version10 = (realSize: number): TarPart =>
  records([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 'X.app/data'],
    ['GNU.sparse.realsize', String(realSize)],
  ]);

/** A header as GNU tar wrote it before pax: four parts in the header, more in a block behind it. */
function oldSparse(parts: readonly [number, number][], realSize: number, body: string): Buffer {
  const number = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
  const made = tarPart({ name: 'X.app/data', type: 'S', magic: 'ustar  \0', body });
  const header = made.subarray(0, 512);
  const more = Buffer.alloc(512);
  parts.forEach(([offset, size], i) => {
    const [block, at] = i < 4 ? [header, 386 + i * 24] : [more, (i - 4) * 24];
    block.write(number(offset) + number(size), at, 'latin1');
  });
  header[482] = parts.length > 4 ? 1 : 0;
  header.write(number(realSize), 483, 'latin1');
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, ...(parts.length > 4 ? [more] : []), made.subarray(512)]);
}

describe('sparse files', () => {
  const stored: TarPart = { name: 'GNUSparseFile.0/data', body: 'abcd' };
  const expected = `\0\0ab${'\0'.repeat(96)}cd\0\0\0`;

  test.each<[string, (TarPart | Buffer)[]]>([
    [
      'version 1.0',
      [version10(105), { ...stored, body: '2\n2\n2\n100\n2\n'.padEnd(512, '\0').concat('abcd') }],
    ],
    [
      'version 0.1',
      [
        paxHeader({
          'GNU.sparse.map': '2,2,100,2',
          'GNU.sparse.numblocks': '2',
          'GNU.sparse.size': '105',
          'GNU.sparse.name': 'X.app/data',
        }),
        stored,
      ],
    ],
    [
      'version 0.0',
      [
        records([
          ['GNU.sparse.size', '105'],
          ['GNU.sparse.numblocks', '2'],
          ['GNU.sparse.offset', '2'],
          ['GNU.sparse.numbytes', '2'],
          ['GNU.sparse.offset', '100'],
          ['GNU.sparse.numbytes', '2'],
        ]),
        { ...stored, name: 'X.app/data' },
      ],
    ],
    [
      'the form before pax',
      [
        oldSparse(
          [
            [2, 2],
            [100, 2],
            [105, 0],
          ],
          105,
          'abcd',
        ),
      ],
    ],
    [
      'the form before pax with a long map',
      [
        oldSparse(
          [
            [2, 1],
            [3, 1],
            [100, 1],
            [101, 1],
            [105, 0],
          ],
          105,
          'abcd',
        ),
      ],
    ],
  ])('%s', async (_, parts) => {
    const result = await unpack(tarGz(...parts, { name: 'X.app/next', body: 'next' }));
    expect(await content('X.app/data')).toBe(expected);
    expect(await content('X.app/next')).toBe('next');
    expect(result.unpackedBytes).toBe(105 + 4);
  });

  test('that are one hole', async () => {
    await unpack(tarGz(version10(5), { name: 'GNUSparseFile.0/data', body: '0\n'.padEnd(512, '\0') }));
    expect(await content('X.app/data')).toBe('\0'.repeat(5));
  });

  test.each([2 ** 27, 2 ** 45])('of %i bytes that are not there are too large', async (size) => {
    const bytes = tarGz(version10(size), { name: 'x', body: '0\n'.padEnd(512, '\0') });
    await expect(unpack(bytes)).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' });
  });
});

describe('zeros behind an archive', () => {
  const files = { name: 'X.app/a', body: 'text' };

  test.each([1, 511, 10_240, 3_000_000])('%i behind a gzip', async (count) => {
    await unpack(Buffer.concat([tarGz(files), Buffer.alloc(count)]), 64 * 1024);
    expect(await content('X.app/a')).toBe('text');
  });

  test('behind the last of several gzip members', async () => {
    const tar = tarball(files);
    const members = [gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700)), Buffer.alloc(512)];
    await unpack(Buffer.concat(members), 1);
    expect(await content('X.app/a')).toBe('text');
  });

  test.each([1, 22, 65_536, 700_000])('%i behind a zip', async (count) => {
    await unpack(zip([files], { behind: Buffer.alloc(count) }), 64 * 1024);
    expect(await content('X.app/a')).toBe('text');
  });

  test('behind a zip with a comment, that ends with zeros itself', async () => {
    await unpack(zip([files], { comment: 'made\0\0', behind: Buffer.alloc(100) }));
    expect(await content('X.app/a')).toBe('text');
  });
});

test('the icon that the Finder gives a folder', async () => {
  await unpack(tarGz({ name: 'X.app/Icon\r' }, { name: 'X.app/Contents/Resources/Icon\r', body: 'x' }));
  expect(await content('X.app/Contents/Resources/Icon\r')).toBe('x');
});

test.each([
  ['././X.app/', '././X.app/a'],
  ['.//X.app/', './/X.app//a'],
  ['X.app/./', 'X.app/./a'],
  ['X.app//', 'X.app//a'],
  ['./', './/.//X.app/./a'],
])('parts of a path that lead nowhere: %s', async (folder, name) => {
  await unpack(tarGz({ name: folder, type: '5' }, { name, body: 'x' }, hardLink('./X.app/b', name)));
  expect((await listTree(sandbox.dest)).map(({ path }) => path)).toEqual(['X.app', 'X.app/a', 'X.app/b']);
});

test('names that bsdtar writes in the locale "C"', async () => {
  await unpack(tarGz(paxHeader({ hdrcharset: 'BINARY', path: 'X.app/caf\u00e9' }), { body: 'x' }));
  expect((await readFile(join(sandbox.dest, 'X.app/caf\u00e9'))).toString()).toBe('x');
});

test('a contiguous file is a file', async () => {
  await unpack(tarGz({ name: 'X.app/a', type: '7', body: 'x' }));
  expect(await content('X.app/a')).toBe('x');
});
