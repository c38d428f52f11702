import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listTree } from '../../src/files/disk/tree.ts';
import { gzipInBlocks } from '../../src/files/flat-package/gzip.ts';
import { makeProduct, type ProductOptions } from '../../src/files/flat-package/write.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { packageContentChange } from '../../src/files/xar/same-content.ts';
import { Cksum } from '../../src/formats/bom/cksum.ts';
import { isInstalled } from '../helpers/dmg-tree.ts';
import { makePackageTree } from '../helpers/package-tree.ts';

const { signal } = new AbortController();
const NAME = 'Größe.app';
const BUNDLE_ID = 'com.example.groesse';

let folder: string;
let app: string;
let hasBsdtar: boolean;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-flat-'));
  app = await makePackageTree(folder);
  hasBsdtar = await isInstalled('bsdtar');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function packageOf(changes: Partial<ProductOptions> = {}): Promise<string> {
  const path = join(folder, `${randomBytes(6).toString('hex')}.pkg`);
  const payloadPath = `${path}.payload`;
  const { head, heap } = await makeProduct({
    appDir: app,
    folderName: NAME,
    sourceDate: new Date(0),
    payloadPath,
    signal,
    facts: {
      bundleId: BUNDLE_ID,
      shortVersion: '1.0',
      buildVersion: '7',
      title: 'Size & "Weight"',
      minimumOs: '13.0',
      architectures: ['x86_64', 'arm64e', 'arm64'],
      installLocation: '/Applications',
    },
    ...changes,
  });
  const parts = await Promise.all(heap.map((part) => (Buffer.isBuffer(part) ? part : readFile(part.path))));
  await writeFile(path, Buffer.concat([head, ...parts]));
  return path;
}

describe('an installer package', () => {
  test('holds for our reader, and installs just what is in the folder', async () => {
    const path = await packageOf();
    const { findings, parts, title } = await checkPackage(path, { signal });
    expect(findings.map(({ code }) => code)).toEqual(['SIGNATURE_MISSING']);
    expect(title).toBe('Size & "Weight"');
    expect(parts).toEqual([
      { identifier: BUNDLE_ID, version: '1.0.0' },
      { identifier: BUNDLE_ID, version: '1.0' },
    ]);
    const below = (await listTree(app)).map((entry) => ({
      ...entry,
      path: `${NAME}/${entry.path}`,
      source: join(app, entry.path),
    }));
    const top = { path: NAME, type: 'directory' as const, mode: 0o755, sizeBytes: 0 };
    const wanted = {
      bundleId: BUNDLE_ID,
      installLocation: '/Applications',
      entries: [top, ...below],
      signal,
    };
    expect(await packageContentChange(path, wanted)).toBeUndefined();
  });

  test('is the same, byte for byte, whenever it is made', async () => {
    const copy = join(folder, 'copy', NAME);
    await cp(app, copy, { recursive: true, verbatimSymlinks: true });
    const [one, other] = [await packageOf(), await packageOf({ appDir: copy })];
    expect((await readFile(one)).equals(await readFile(other))).toBe(true);
  });

  // that writer is held against productbuild and lsbom on a Mac by its own tests
  test('has the bill of materials and the descriptions that @electron/osx-sign 2.7.2 makes of the same folder', async ({
    skip,
  }) => {
    if (!hasBsdtar) return skip('bsdtar is missing');
    const to = await mkdtemp(join(folder, 'x-'));
    execFileSync('bsdtar', ['xf', await packageOf(), '-C', to]);
    const digests = async (names: readonly string[]) =>
      Promise.all(names.map(async (name) => sha256(await readFile(join(to, name)))));
    const component = `${BUNDLE_ID}.pkg`;
    // of PackageInfo with this generator's name
    expect(await digests([`${component}/Bom`, `${component}/PackageInfo`, 'Distribution'])).toEqual([
      'd90eee9b024ad375d5d2c271174d8c561b187e5c8e8bfe3e200dfe0096e7c351',
      'd3627d9575d692febef28287ae5bd61f1e3a41a0ddf2f82c50e1a97bf5c313e2',
      '68fd599938045bf059f85f647b26f2706d89077834e690a24853ef696582e841',
    ]);
  });

  test('is taken apart by bsdtar into the same files, modes and links', async ({ skip }) => {
    if (!hasBsdtar) return skip('bsdtar is missing');
    const to = await mkdtemp(join(folder, 'x-'));
    execFileSync('bsdtar', ['xf', await packageOf(), '-C', to]);
    execFileSync('bsdtar', ['xpf', join(to, `${BUNDLE_ID}.pkg`, 'Payload'), '-C', to]);
    expect(await readdir(to)).toContain(NAME);
    expect(await listTree(join(to, NAME))).toEqual(await listTree(app));
    for (const { path, type } of await listTree(app))
      if (type === 'file')
        expect((await readFile(join(to, NAME, path))).equals(await readFile(join(app, path)))).toBe(true);
  });

  test('lets everybody read what only its owner could', async () => {
    const copy = join(folder, 'private', NAME);
    await mkdir(copy, { recursive: true });
    await writeFile(join(copy, 'secret'), 'x', { mode: 0o600 });
    await writeFile(join(copy, 'tool'), 'x', { mode: 0o700 });
    const to = await mkdtemp(join(folder, 'x-'));
    if (!hasBsdtar) return;
    execFileSync('bsdtar', ['xf', await packageOf({ appDir: copy }), '-C', to]);
    execFileSync('bsdtar', ['xpf', join(to, `${BUNDLE_ID}.pkg`, 'Payload'), '-C', to]);
    const modes = await Promise.all(
      ['secret', 'tool'].map(async (name) => (await lstat(join(to, NAME, name))).mode),
    );
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['644', '755']);
  });

  test('cannot hold a file of 4 GiB', async () => {
    const huge = join(folder, 'huge', NAME);
    await mkdir(huge, { recursive: true });
    await writeFile(join(huge, 'disk'), '');
    await truncate(join(huge, 'disk'), 2 ** 32);
    await expect(packageOf({ appDir: huge })).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' });
  });

  test('is not made of files that change meanwhile', async () => {
    const changing = join(folder, 'changing', NAME);
    await cp(app, changing, { recursive: true, verbatimSymlinks: true });
    const onProgress = () => void truncate(join(changing, 'Contents/Resources/zebra'), 0);
    await expect(packageOf({ appDir: changing, onProgress })).rejects.toMatchObject({
      code: 'BUNDLE_CHANGED',
    });
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('enough'));
    await expect(packageOf({ onProgress, signal: stop.signal })).rejects.toThrow('enough');
  });

  test('shows a title that XML cannot hold with the characters that it can', async () => {
    const facts = {
      bundleId: BUNDLE_ID,
      architectures: [],
      installLocation: '/Applications',
      title: 'a\u0000<b\ud800',
    };
    expect(await checkPackage(await packageOf({ facts }), { signal })).toMatchObject({
      title: 'a\ufffd<b\ufffd',
    });
  });
});

describe('gzip in blocks', () => {
  const gzipped = async (pieces: readonly Buffer[]) => {
    const source = (async function* () {
      yield* pieces;
    })();
    const parts: Buffer[] = [];
    for await (const part of gzipInBlocks(source, signal)) parts.push(part);
    return Buffer.concat(parts);
  };
  const MiB = 1024 * 1024;

  test.each([
    ['nothing', []],
    ['one byte', [Buffer.from('x')]],
    ['a whole block', [Buffer.alloc(MiB, 'ab')]],
    ['one byte more', [Buffer.alloc(MiB, 'ab'), Buffer.from('x')]],
    ['what does not shrink', [randomBytes(2 * MiB + 17)]],
    ['many pieces', Array.from({ length: 300 }, (_, index) => Buffer.alloc(index * 61, `${index} `))],
  ])('%s is one member that comes out as it went in', async (_, pieces) => {
    expect(gunzipSync(await gzipped(pieces)).equals(Buffer.concat(pieces))).toBe(true);
  });
});

test.each([0, 1, 3, 255, 256, 70_000])('the checksum of %d bytes is that of cksum', (sizeBytes) => {
  const bytes = Buffer.alloc(sizeBytes, 'cksum\0');
  const [told = ''] = execFileSync('cksum', { input: bytes }).toString().split(' ');
  const half = sizeBytes >> 1;
  expect(new Cksum().update(bytes.subarray(0, half)).update(bytes.subarray(half)).digest()).toBe(
    Number(told),
  );
});
