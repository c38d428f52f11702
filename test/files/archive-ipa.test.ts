import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import yauzl from 'yauzl';
import { macNameKey } from '../../src/files/archive/entry-path.ts';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { verifyIpa } from '../../src/files/archive/verify-ipa.ts';
import { type WriteIpaOptions, writeIpa } from '../../src/files/archive/write-ipa.ts';
import {
  directoryRecord,
  endRecords,
  localHeader,
  toDosDateTime,
  zipMethods,
} from '../../src/files/archive/zip-format.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { makeSandbox, openFileCount, type Sandbox } from '../helpers/archive-sandbox.ts';
import { zip } from '../helpers/archives.ts';

let sandbox: Sandbox;
let appDir: string;
let ipa: string;
beforeEach(async () => {
  sandbox = await makeSandbox();
  appDir = join(sandbox.root, 'X.app');
  ipa = join(sandbox.root, 'X.ipa');
  await mkdir(appDir);
});
afterEach(() => sandbox.remove());

const signal = new AbortController().signal;
const sourceDate = new Date('2024-05-06T07:08:10Z');

async function pack(options: Partial<WriteIpaOptions> = {}): Promise<void> {
  const all = { appDir, appFolderName: 'X.app', sourceDate, signal, ...options };
  await pipeline(Readable.from(writeIpa(all), { objectMode: false }), createWriteStream(ipa));
}

async function addFile(path: string, bytes: Buffer | string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(appDir, path)), { recursive: true });
  await writeFile(join(appDir, path), bytes);
  await chmod(join(appDir, path), mode);
}

async function fillBundle(): Promise<void> {
  await addFile('X', Buffer.concat([randomBytes(500), Buffer.alloc(2_000_000, 'machine code ')]), 0o755);
  await addFile('assets/film.mp4', randomBytes(1_500_000));
  await addFile('assets/small.jpg', randomBytes(2000));
  await addFile('Größe 日本.txt', 'text '.repeat(100), 0o600);
  await addFile('empty', '');
  await mkdir(join(appDir, 'Base.lproj'));
  await symlink('assets/small.jpg', join(appDir, 'link'));
}

/** What an archive can carry of a folder: any executable bit or none, and no times. */
const carried = async (folder: string) =>
  (await listTree(folder)).map((entry) => ({
    ...entry,
    mode: entry.type === 'file' ? ((entry.mode & 0o111) === 0 ? 0o644 : 0o755) : 0,
  }));

async function expectSame(unpacked: string): Promise<void> {
  expect(await carried(unpacked)).toEqual(await carried(appDir));
  for (const { path, type } of await listTree(appDir)) {
    if (type !== 'file') continue;
    expect((await readFile(join(unpacked, path))).equals(await readFile(join(appDir, path)))).toBe(true);
  }
}

describe('an .ipa', () => {
  test('other programs read it, and agree about names, modes and links', async () => {
    await fillBundle();
    await pack();
    expect(execFileSync('unzip', ['-t', ipa], { encoding: 'utf8' })).toContain('No errors detected');
    const lines = execFileSync('zipinfo', [ipa], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
    expect(lines).toMatch(/^drwxr-xr-x .* 24-May-06 07:08 Payload\/$/m);
    expect(lines).toMatch(/^drwxr-xr-x .* Payload\/X\.app\/Base\.lproj\/$/m);
    expect(lines).toMatch(/^-rwxr-xr-x .* defN .* Payload\/X\.app\/X$/m);
    expect(lines).toMatch(/^-rw-r--r-- .* stor .* Payload\/X\.app\/assets\/film\.mp4$/m);
    expect(lines).toMatch(/^-rw-r--r-- .* stor .* Payload\/X\.app\/assets\/small\.jpg$/m);
    expect(lines).toMatch(/^lrwxr-xr-x .* stor .* Payload\/X\.app\/link$/m);
    execFileSync('unzip', ['-q', ipa, '-d', sandbox.dest], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    await expectSame(join(sandbox.dest, 'Payload/X.app'));
  });

  test('our own reader agrees too', async () => {
    await fillBundle();
    await pack();
    const verified = await verifyIpa(ipa, { signal });
    expect(verified.appFolderName).toBe('X.app');
    expect(verified.entries).toContainEqual({
      path: 'Payload/X.app/link',
      type: 'symlink',
      executable: true,
      sizeBytes: 16,
      linkTarget: 'assets/small.jpg',
    });
    expect(verified.entries).toContainEqual({
      path: 'Payload/X.app/X',
      type: 'file',
      executable: true,
      sizeBytes: 2_000_500,
    });
    await unpackBundleFile(ipa, sandbox.dest, { signal });
    await expectSame(join(sandbox.dest, 'Payload/X.app'));
  });

  test('only entries that are deflated as a stream have their sizes behind the data', async () => {
    await fillBundle();
    await pack();
    const verbose = execFileSync('zipinfo', ['-v', ipa], { encoding: 'utf8' });
    const withDescriptor = verbose
      .split(/Central directory entry #/)
      .filter((entry) => /extended local header: +yes/.test(entry));
    expect(withDescriptor).toHaveLength(1);
    expect(withDescriptor[0]).toContain('Payload/X.app/X\n');
  });

  test('the same bundle gives the same bytes, in every time zone and whatever the times of its files', async () => {
    await fillBundle();
    const zone = process.env.TZ;
    const made: Buffer[] = [];
    for (const TZ of ['UTC', 'Asia/Kathmandu', 'America/Los_Angeles']) {
      process.env.TZ = TZ;
      await addFile('empty', '');
      await pack();
      made.push(await readFile(ipa));
    }
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(made[1]?.equals(made[0] as Buffer)).toBe(true);
    expect(made[2]?.equals(made[0] as Buffer)).toBe(true);
  });

  test('progress ends with all bytes', async () => {
    await fillBundle();
    const seen: [number, number][] = [];
    await pack({ onProgress: (done, total) => seen.push([done, total]) });
    expect(seen.at(-1)).toEqual([3_503_000, 3_503_000]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  test.each([0, 1000, 1_600_000])(
    'zip64 where sizes or offsets need it (from %i bytes)',
    async (zip64FromBytes) => {
      await fillBundle();
      await pack({ zip64FromBytes });
      expect(execFileSync('unzip', ['-t', ipa], { encoding: 'utf8' })).toContain('No errors detected');
      expect(execFileSync('7z', ['t', ipa], { encoding: 'utf8' })).toContain('Everything is Ok');
      expect((await verifyIpa(ipa, { signal })).entries).toHaveLength(10);
      await unpackBundleFile(ipa, sandbox.dest, { signal });
      await expectSame(join(sandbox.dest, 'Payload/X.app'));
    },
  );

  test('no zip64 without need', async () => {
    await fillBundle();
    await pack();
    expect((await readFile(ipa)).includes(Buffer.from('PK\x06\x06'))).toBe(false);
  });

  test('more entries than a plain end record can count', async () => {
    const count = 65_600;
    const sizes = { crc32: 0, packedBytes: 0, unpackedBytes: 0 };
    const records = Array.from({ length: count }, (_, i) => ({
      name: Buffer.from(`Payload/X.app/${i}`),
      method: zipMethods.stored,
      mode: 0o100644,
      dosDateTime: toDosDateTime(sourceDate),
      sizesFollow: false,
      zip64: false,
    }));
    const locals = records.map((record) => localHeader(record, sizes));
    let offset = 0;
    const directory = records.map((record, i) => {
      const bytes = directoryRecord(record, sizes, offset);
      offset += locals[i]?.length ?? 0;
      return bytes;
    });
    const sizeBytes = directory.reduce((sum, record) => sum + record.length, 0);
    const end = endRecords({ entryCount: count, startOffset: offset, sizeBytes }, true);
    await writeFile(ipa, Buffer.concat([...locals, ...directory, end]));
    expect(execFileSync('zipinfo', ['-t', ipa], { encoding: 'utf8' })).toMatch(/^65600 files/);
    const opened = await yauzl.openPromise(ipa, { autoClose: false });
    expect(opened.entryCount).toBe(count);
    opened.close();
  });

  test('any small tree survives the way out and in again', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(treeOfBundle, async (items) => {
        appDir = join(sandbox.root, `tree-${number}`, 'X.app');
        ipa = join(sandbox.root, `tree-${number}.ipa`);
        const dest = join(sandbox.root, `out-${number++}`);
        await mkdir(appDir, { recursive: true });
        await layTree(items);
        await pack();
        await verifyIpa(ipa, { signal });
        await unpackBundleFile(ipa, dest, { signal });
        await expectSame(join(dest, 'Payload/X.app'));
        execFileSync('unzip', ['-tqq', ipa]);
      }),
      { numRuns: 40 },
    );
  });
});

const name = fc.constantFrom(
  'a',
  'b',
  'Info.plist',
  'é',
  '日本',
  'with space',
  '-dash',
  "quote'",
  '[x]',
  'n'.repeat(100),
);
const treeItem = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  kind: fc.constantFrom('file', 'program', 'folder', 'link'),
  bytes: fc.uint8Array({ maxLength: 300 }),
});
const treeOfBundle = fc.array(treeItem, { maxLength: 15 });

/** Lays what fits; an item whose place is taken is left out. */
async function layTree(items: readonly { path: string; kind: string; bytes: Uint8Array }[]): Promise<void> {
  const files = new Set<string>();
  const taken = new Set<string>();
  for (const { path, kind, bytes } of items) {
    const parents = path.split('/').map((_, i, parts) => macNameKey(parts.slice(0, i).join('/')));
    if (taken.has(macNameKey(path)) || parents.some((parent) => files.has(parent))) continue;
    for (const taking of [...parents, macNameKey(path)]) taken.add(taking);
    if (kind !== 'folder') files.add(macNameKey(path));
    const up = '../'.repeat(path.split('/').length - 1);
    await mkdir(dirname(join(appDir, path)), { recursive: true });
    if (kind === 'folder') await mkdir(join(appDir, path));
    else if (kind === 'link') await symlink(`${up}target-${bytes.length}`, join(appDir, path));
    else await addFile(path, Buffer.from(bytes), kind === 'program' ? 0o755 : 0o644);
  }
}

describe('an .ipa that is not to be delivered', () => {
  const cases: [what: string, bytes: Buffer, reason: RegExp][] = [
    ['no app', zip([{ name: 'Payload/readme', body: 'x' }]), /Payload holds readme/],
    ['nothing', zip([]), /Payload holds nothing/],
    ['two apps', zip([{ name: 'Payload/X.app/a' }, { name: 'Payload/Y.app/a' }]), /X\.app, Y\.app/],
    ['the app is a file', zip([{ name: 'Payload/X.app', body: 'x' }]), /not a folder/],
    ['a wrong checksum', zip([{ name: 'Payload/X.app/a', body: 'x', crc: 7 }]), /checksum/],
    ['a link out of the app', zip([{ name: 'Payload/X.app/a', body: '../..', mode: 0o120755 }]), /leads out/],
    ['no zip', Buffer.from('PK'), /zip directory/],
  ];
  test.each(cases)('%s', async (_what, bytes, reason) => {
    await writeFile(ipa, bytes);
    await expect(verifyIpa(ipa, { signal })).rejects.toMatchObject({
      code: 'IPA_INVALID',
      failure: { reason: expect.stringMatching(reason) },
    });
  });
});

describe('while it is written', () => {
  test.each(['X', 'assets/film.mp4'])('a file that grows is noticed: %s', async (path) => {
    await fillBundle();
    const file = await open(join(appDir, path), 'a');
    let chunks = 0;
    const writing = (async () => {
      for await (const _ of writeIpa({ appDir, appFolderName: 'X.app', sourceDate, signal })) {
        if (chunks++ === 1) await file.write(randomBytes(10));
      }
    })();
    await expect(writing).rejects.toMatchObject({ code: 'BUNDLE_CHANGED' });
    await file.close();
  });

  test('an abort ends it with its reason, and nothing stays open', async () => {
    await fillBundle();
    const before = await openFileCount();
    for (let at = 0; at < 14; at += 1) {
      const abort = new AbortController();
      const reason = new Error('job cancelled');
      let chunks = 0;
      const writing = (async () => {
        for await (const _ of writeIpa({
          appDir,
          appFolderName: 'X.app',
          sourceDate,
          signal: abort.signal,
        })) {
          if (chunks++ === at) abort.abort(reason);
        }
      })();
      await expect(writing).rejects.toBe(reason);
    }
    expect(await openFileCount()).toBe(before);
  });

  test('a reader that leaves early leaves nothing open', async () => {
    await fillBundle();
    const before = await openFileCount();
    for (let at = 0; at < 14; at += 1) {
      let chunks = 0;
      for await (const _ of writeIpa({ appDir, appFolderName: 'X.app', sourceDate, signal })) {
        if (chunks++ === at) break;
      }
    }
    expect(await openFileCount()).toBe(before);
  });
});
