import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeBundleText } from '../../src/adapters/hub/bundle-text.ts';
import { unpackBundle, unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { makeSandbox, openFileCount, type Sandbox } from '../helpers/archive-sandbox.ts';
import { gnuLong, inPieces, paxHeader, tarball, tarGz, tarPart, zip } from '../helpers/archives.ts';
import { buildMachO } from '../helpers/macho.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(() => sandbox.remove());

const never = new AbortController().signal;
const unpack = (bytes: Buffer, dest = sandbox.dest, signal = never) =>
  unpackBundle(inPieces(bytes, 1000), dest, { spoolDir: sandbox.spool, signal });
const content = (path: string) => readFile(join(sandbox.dest, path), 'utf8');

describe('a tar.gz', () => {
  test('files, folders, links and modes', async () => {
    const bytes = tarGz(
      { name: 'X.app/', type: '5', mode: 0o700 },
      { name: 'X.app/run', mode: 0o104750, body: 'program' },
      { name: 'X.app/Versions/A/lib', mode: 0o600, body: 'library' },
      { name: 'X.app/Versions/Current', type: '2', linkName: 'A' },
      { name: 'X.app/lib', type: '2', linkName: 'Versions/Current/lib' },
      { name: 'X.app/up', type: '2', linkName: 'Versions/../run' },
      { name: 'X.app/later', type: '2', linkName: 'not/there/yet' },
    );
    const result = await unpack(bytes);

    expect(result).toMatchObject({
      kind: 'tar.gz',
      entryCount: 7,
      unpackedBytes: 14,
      archiveBytes: bytes.length,
    });
    expect(
      (await listTree(sandbox.dest)).map(({ path, mode, type }) => [path, type === 'symlink' ? type : mode]),
    ).toEqual([
      ['X.app', 0o755],
      ['X.app/Versions', 0o755],
      ['X.app/Versions/A', 0o755],
      ['X.app/Versions/A/lib', 0o644],
      ['X.app/Versions/Current', 'symlink'],
      ['X.app/later', 'symlink'],
      ['X.app/lib', 'symlink'],
      ['X.app/run', 0o755],
      ['X.app/up', 'symlink'],
    ]);
    expect((await stat(join(sandbox.dest, 'X.app/run'))).mode & 0o7777).toBe(0o755);
    expect(await content('X.app/lib')).toBe('library');
    expect(await content('X.app/up')).toBe('program');
  });

  test('says which files begin like data, so that nobody has to look for code in them', async () => {
    const large = Buffer.alloc(100_000, 'large');
    const { dataFiles } = await unpack(
      tarGz(
        { name: 'X.app/program', body: buildMachO() },
        { name: 'X.app/large-program', body: Buffer.concat([buildMachO(), large]) },
        { name: 'X.app/script', body: '#!/bin/sh' },
        { name: 'X.app/short', body: 'abc' },
        { name: 'X.app/empty', body: '' },
        { name: 'X.app/text', body: 'some text' },
        { name: 'X.app/large', body: large },
      ),
    );
    expect([...dataFiles]).toEqual(['X.app/text', 'X.app/large']);
  });

  test('names as GNU tar, pax and ustar write them when they are long or foreign', async () => {
    const long = `X.app/${'länge/'.repeat(60)}ende`;
    const bytes = tarGz(
      { name: './', type: '5' },
      gnuLong('L', `${long}-gnu`),
      { name: 'cut off', body: 'gnu' },
      paxHeader({ mtime: '1.5', path: `${long}-pax`, 'SCHILY.xattr.user.x': 'y', comment: 'a\nb' }),
      { name: 'cut off', body: 'pax' },
      { name: 'name', prefix: 'X.app/prefix', body: 'ustar' },
      gnuLong('K', 'prefix/name'),
      { name: './X.app/link', type: '2', linkName: 'cut off', magic: 'ustar  \0' },
      paxHeader({ comment: 'made by git' }, 'g'),
      { name: 'X.app/old', type: '\0', body: 'v7' },
      { name: '._X.app', body: 'Finder data' },
    );
    await unpack(bytes);
    expect(await content(`${long}-gnu`)).toBe('gnu');
    expect(await content(`${long}-pax`)).toBe('pax');
    expect(await content('X.app/prefix/name')).toBe('ustar');
    expect(await content('X.app/link')).toBe('ustar');
    expect(await content('X.app/old')).toBe('v7');
    expect(await content('._X.app')).toBe('Finder data');
  });

  test('what a Mac keeps beside its files is left out, other files of such names are not', async () => {
    const appleDouble = Buffer.concat([Buffer.from([0x00, 0x05, 0x16, 0x07]), randomBytes(600_000)]);
    const bytes = tarGz(
      { name: './._X.app', body: appleDouble },
      { name: 'X.app/._Contents', body: appleDouble.subarray(0, 4) },
      { name: 'X.app/Contents/._Info.plist', body: appleDouble },
      { name: 'X.app/Contents/Info.plist', body: 'kept' },
      { name: 'X.app/Contents/._short', body: 'ab' },
      { name: 'X.app/Contents/._long', body: appleDouble.subarray(1) },
      { name: 'X.app/Contents/other', body: appleDouble },
    );
    expect(await unpack(bytes)).toMatchObject({ entryCount: 4 });
    expect((await listTree(sandbox.dest)).map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ['X.app', 0],
      ['X.app/Contents', 0],
      ['X.app/Contents/._long', appleDouble.length - 1],
      ['X.app/Contents/._short', 2],
      ['X.app/Contents/Info.plist', 4],
      ['X.app/Contents/other', appleDouble.length],
    ]);
    expect(await readFile(join(sandbox.dest, 'X.app/Contents/._long'))).toEqual(appleDouble.subarray(1));
  });

  test('extended headers do not count as files', async () => {
    const parts = ['ä', 'ö', 'ü'].flatMap((name) => [paxHeader({ path: `X.app/${name}` }), { body: 'x' }]);
    const limits = { maxEntries: 4 };
    const result = await unpackBundle(inPieces(tarGz(...parts), 1000), sandbox.dest, {
      spoolDir: sandbox.spool,
      signal: never,
      limits,
    });
    expect(result).toMatchObject({ entryCount: 3 });
  });

  test('a label of the whole archive is passed over, its size may be left empty', async () => {
    const label = tarPart({ name: 'Nightly build', type: 'V', emptySize: true });
    const result = await unpack(tarGz(label, { name: 'X.app/a', body: 'x' }));
    expect(result).toMatchObject({ entryCount: 1 });
    expect((await listTree(sandbox.dest)).map(({ path }) => path)).toEqual(['X.app', 'X.app/a']);
  });

  test('a pax size counts, not the one in the header', async () => {
    await unpack(
      tarGz(
        paxHeader({ size: '3' }),
        { name: 'X.app/a', body: 'abc', size: 0 },
        { name: 'X.app/b', body: 'b' },
      ),
    );
    expect(await content('X.app/a')).toBe('abc');
    expect(await content('X.app/b')).toBe('b');
  });

  test('several gzip members are one archive', async () => {
    const tar = tarball({ name: 'X.app/a', body: 'abc' });
    await unpack(Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]));
    expect(await content('X.app/a')).toBe('abc');
  });

  test.each([1, 2, 511, 513, 100_000])('arriving in pieces of %i bytes', async (pieceBytes) => {
    const body = randomBytes(3000);
    const bytes = Buffer.from(tarGz({ name: 'X.app/a', body }).toString('base64'));
    const source = decodeBundleText(inPieces(bytes, pieceBytes));
    await unpackBundle(source, sandbox.dest, { spoolDir: sandbox.spool, signal: never });
    expect((await readFile(join(sandbox.dest, 'X.app/a'))).equals(body)).toBe(true);
  });

  test('as the tar of this system writes it', async () => {
    const from = join(sandbox.root, 'from');
    const names = ['Inhalt ä', 'n'.repeat(90), '日本語'];
    for (const name of names) {
      await mkdir(join(from, 'X.app', name), { recursive: true });
      await writeFile(join(from, 'X.app', name, `${name}.txt`), name, { mode: 0o755 });
    }
    await symlink('Inhalt ä', join(from, 'X.app', 'link'));
    for (const format of ['gnu', 'pax', 'ustar']) {
      const archive = join(sandbox.root, `${format}.tgz`);
      execFileSync('tar', [`--format=${format}`, '-C', from, '-czf', archive, '.']);
      const dest = join(sandbox.root, format);
      await unpackBundleFile(archive, dest, { signal: never });
      expect(withoutFolderModes(await listTree(dest))).toEqual(withoutFolderModes(await listTree(from)));
    }
  });
});

const withoutFolderModes = (tree: Awaited<ReturnType<typeof listTree>>) =>
  tree.map((entry) => (entry.type === 'directory' ? { ...entry, mode: 0 } : entry));

describe('a zip', () => {
  test('as the compile stage makes it: no modes to speak of, no folders above', async () => {
    const bytes = zip([
      { name: 'Payload/X.app/X', body: 'program', mode: 0o100644 },
      { name: 'Payload/X.app/Base.lproj/', mode: 0o040755 },
      { name: 'Payload/X.app/a', body: 'stored', method: 0, hostSystem: 0 },
      { name: '__MACOSX/Payload/._X.app', body: 'Finder data' },
      { name: 'iTunesMetadata.plist', body: '' },
    ]);
    const result = await unpack(bytes);
    expect(result).toMatchObject({
      kind: 'zip',
      entryCount: 4,
      unpackedBytes: 13,
      archiveBytes: bytes.length,
    });
    expect((await listTree(sandbox.dest)).map(({ path, mode }) => [path, mode])).toEqual([
      ['Payload', 0o755],
      ['Payload/X.app', 0o755],
      ['Payload/X.app/Base.lproj', 0o755],
      ['Payload/X.app/X', 0o644],
      ['Payload/X.app/a', 0o644],
      ['iTunesMetadata.plist', 0o644],
    ]);
    expect(await sandbox.strays()).toEqual([]);
  });

  test('links and executable bits, where a Unix tool wrote them', async () => {
    await unpack(
      zip([
        { name: 'Payload/X.app/run', body: 'program', mode: 0o104755 },
        { name: 'Payload/X.app/link', body: 'run', mode: 0o120755 },
      ]),
    );
    expect((await stat(join(sandbox.dest, 'Payload/X.app/run'))).mode & 0o7777).toBe(0o755);
    expect(await content('Payload/X.app/link')).toBe('program');
  });

  test('a file is read in place', async () => {
    const path = join(sandbox.root, 'x.ipa');
    await writeFile(path, zip([{ name: 'Payload/X.app/X', body: 'program' }], { comment: 'PK' }));
    expect(await unpackBundleFile(path, sandbox.dest, { signal: never })).toMatchObject({ kind: 'zip' });
    expect(await content('Payload/X.app/X')).toBe('program');
  });
});

describe('a damaged tar.gz never passes', () => {
  const body = Buffer.concat([randomBytes(2000), Buffer.alloc(3000, 'compressible ')]);
  const bytes = tarGz({ name: 'X.app/a', body }, { name: 'X.app/b', body: 'b' });

  test('cut anywhere', async () => {
    const cuts = [
      2,
      3,
      9,
      10,
      11,
      50,
      600,
      1500,
      bytes.length - 9,
      bytes.length - 8,
      bytes.length - 4,
      bytes.length - 1,
    ];
    for (const [i, cut] of cuts.entries()) {
      await expect(unpack(bytes.subarray(0, cut), join(sandbox.root, `cut-${i}`))).rejects.toMatchObject({
        code: 'BUNDLE_CORRUPT',
        failure: { summary: expect.stringContaining(`${cut} bytes`) },
      });
    }
  });

  test('one bit flipped anywhere: refused, or in a field of the gzip header that says nothing', async () => {
    let number = 0;
    const flip = async (position: number, bit: number) => {
      const copy = Buffer.from(bytes);
      copy[position] = (copy[position] ?? 0) ^ (1 << bit);
      const dest = join(sandbox.root, `flip-${number++}`);
      const accepted = await unpack(copy, dest).then(
        () => true,
        (error) => {
          expect(error.code).toMatch(/^BUNDLE_(CORRUPT|NOT_ARCHIVE)$/);
          return false;
        },
      );
      if (!accepted) return;
      // text flag, time, level, system; and the bits that fill up the last byte of the deflated data
      expect([3, 4, 5, 6, 7, 8, 9, bytes.length - 9]).toContain(position);
      expect((await readFile(join(dest, 'X.app/a'))).equals(body)).toBe(true);
    };
    for (let position = 0; position < 20; position += 1) await flip(position, position % 8);
    for (let position = 20; position < bytes.length; position += 37) await flip(position, position % 8);
    for (let position = bytes.length - 10; position < bytes.length; position += 1)
      await flip(position, position % 8);
  });
});

describe('the source and the caller', () => {
  test('an error of the source comes out unchanged, and nothing stays open', async () => {
    const bytes = tarGz({ name: 'X.app/a', body: randomBytes(5000) });
    const lost = new Error('connection reset');
    const before = await openFileCount();
    for (const [name, first] of [
      ['tar', bytes.subarray(0, 3000)],
      ['zip', zip([{ name: 'a' }]).subarray(0, 20)],
      ['none', Buffer.alloc(0)],
    ] as const) {
      async function* broken() {
        if (first.length > 0) yield first;
        throw lost;
      }
      const options = { spoolDir: sandbox.spool, signal: never };
      await expect(unpackBundle(broken(), join(sandbox.root, name), options)).rejects.toBe(lost);
    }
    expect(await openFileCount()).toBe(before);
    expect(await sandbox.strays()).toEqual(['none', 'tar', 'zip']);
  });

  test('a source that has gone silent does not hold up an abort', async () => {
    for (const first of [
      Buffer.alloc(0),
      tarGz({ body: randomBytes(5000) }).subarray(0, 3000),
      Buffer.from('PK\x03\x04'),
    ]) {
      const abort = new AbortController();
      const reason = new Error('job cancelled');
      async function* silent() {
        if (first.length > 0) yield first;
        setImmediate(() => abort.abort(reason));
        await new Promise(() => {});
      }
      const dest = join(sandbox.root, `silent-${first.length}`);
      const unpacking = unpackBundle(silent(), dest, { spoolDir: sandbox.spool, signal: abort.signal });
      await expect(unpacking).rejects.toBe(reason);
    }
  });

  test('a bad entry is refused at once, even when nothing follows it', async () => {
    // stored, so that the first entry is complete before the source falls silent
    const bytes = gzipSync(tarball({ name: '../escaped' }, { body: randomBytes(200_000) }), { level: 0 });
    async function* silent() {
      yield bytes.subarray(0, 150_000);
      await new Promise(() => {});
    }
    const unpacking = unpackBundle(silent(), sandbox.dest, { spoolDir: sandbox.spool, signal: never });
    await expect(unpacking).rejects.toMatchObject({ code: 'BUNDLE_PATH_UNSAFE' });
  });

  test('aborted at any piece: the reason comes out, the spool is empty, nothing stays open', async () => {
    const tar = tarGz(
      ...Array.from({ length: 9 }, (_, i) => ({ name: `X.app/${i}`, body: randomBytes(700) })),
    );
    const zipped = zip(Array.from({ length: 9 }, (_, i) => ({ name: `X.app/${i}`, body: randomBytes(700) })));
    const before = await openFileCount();
    for (const [i, bytes] of [tar, zipped].entries()) {
      for (let piece = 0; piece <= 7; piece += 1) {
        const abort = new AbortController();
        const reason = new Error('job cancelled');
        async function* aborting() {
          let at = 0;
          for await (const chunk of inPieces(bytes, 1000)) {
            if (at++ === piece) abort.abort(reason);
            yield chunk;
          }
          if (piece === 7) abort.abort(reason);
        }
        const dest = join(sandbox.root, `abort-${i}-${piece}`);
        const unpacking = unpackBundle(aborting(), dest, { spoolDir: sandbox.spool, signal: abort.signal });
        await expect(unpacking).rejects.toBe(reason);
      }
    }
    expect(await openFileCount()).toBe(before);
    expect((await sandbox.strays()).filter((name) => name.endsWith('.zip'))).toEqual([]);
  });

  test('a folder with something in it is not unpacked into', async () => {
    await mkdir(sandbox.dest);
    await writeFile(join(sandbox.dest, 'mine'), '');
    await expect(unpack(tarGz({ body: 'x' }))).rejects.toThrow('not empty');
  });
});

test('whatever bytes follow the magic: refused with a code or unpacked, and never outside', async () => {
  let number = 0;
  const damaged = fc.tuple(
    fc.constantFrom('tar', 'zip'),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
  );
  const tar = tarball(
    { name: 'X.app/a', body: 'abc' },
    gnuLong('L', 'X.app/long'),
    { name: 'x' },
    paxHeader({ path: 'X.app/p' }),
    { name: 'y' },
  );
  const zipped = zip([
    { name: 'Payload/X.app/a', body: 'abc' },
    { name: 'Payload/X.app/l', body: 'a', mode: 0o120777 },
  ]);
  await fc.assert(
    fc.asyncProperty(damaged, async ([kind, changes]) => {
      const bytes = Buffer.from(kind === 'tar' ? tar : zipped);
      for (const [at, value] of changes)
        bytes[kind === 'tar' ? at % bytes.length : 2 + (at % (bytes.length - 2))] = value;
      const dest = join(sandbox.root, 'many', String(number++));
      await unpack(kind === 'tar' ? gzipSync(bytes, { level: 1 }) : bytes, dest).catch((error) => {
        expect(error.code).toMatch(/^BUNDLE_/);
      });
      expect(await sandbox.strays()).toEqual(['many']);
    }),
    { numRuns: 150 },
  );
});
