import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { findArchivedCode } from '../../src/files/bundle/index.ts';
import { tarball, tarGz, zip } from '../helpers/archives.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { makeIdentity, makeMachO, rcodesign } from '../helpers/rcodesign-fixtures.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archived-code-'));
});
afterAll(() => rm(dir, { recursive: true }));

const library = buildMachO({ fileType: 'dylib' });
const part = (name: string, body: Buffer | string) => ({ name, body: Buffer.from(body) });

/** Paths of the code in the given files, `-` in front of what is not signed; the archives that were not read. */
async function foundIn(files: Record<string, Buffer>) {
  const app = await mkdtemp(join(dir, 'app-'));
  const scratchDir = join(app, 'scratch');
  await mkdir(join(app, 'Contents'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(app, name), bytes);
  const { signal } = new AbortController();
  const survey = { files: new Set(Object.keys(files)), code: new Map() };
  const { code, unread } = await findArchivedCode(app, survey, { scratchDir, signal });
  expect((await readdir(app)).toSorted()).toEqual(['Contents', ...Object.keys(files)].toSorted());
  const named = code.map(({ path, lacks }) => (lacks.includes('signature') ? `-${path}` : path));
  return { code: named, lacks: code.map(({ lacks }) => lacks), unread };
}

test.each<[string, Record<string, Buffer>, string[]]>([
  ['a jar', { 'a.jar': zip([part('mac/libx.jnilib', library)]) }, ['-a.jar/mac/libx.jnilib']],
  ['a zip of another name', { data: zip([part('x', library)]) }, ['-data/x']],
  [
    'a wheel in a zip in a jar',
    { 'a.jar': zip([part('b.zip', zip([part('c.whl', zip([part('x.so', library)]))]))]) },
    ['-a.jar/b.zip/c.whl/x.so'],
  ],
  ['a tar', { 'a.tar': tarball(part('x/y.dylib', library), part('z', 'z')) }, ['-a.tar/x/y.dylib']],
  ['a tar in gzip', { 'a.tgz': tarGz(part('n', 'n'), part('x.dylib', library)) }, ['-a.tgz/x.dylib']],
  ['a compressed program', { 'tool.gz': gzipSync(library) }, ['-tool.gz']],
  [
    'a jar in a tar in gzip',
    { 'a.tgz': tarGz(part('a.jar', zip([part('x', library)]))) },
    ['-a.tgz/a.jar/x'],
  ],
  [
    'a universal library',
    {
      'a.zip': zip([
        part('x', buildFatMachO([library, buildMachO({ fileType: 'dylib', architecture: 'x86_64' })])),
      ]),
    },
    ['-a.zip/x'],
  ],
  [
    'classes, texts and pictures',
    {
      'a.jar': zip([
        part('A.class', Buffer.from('cafebabe00000034', 'hex')),
        part('a.txt', 'a'),
        part('empty', ''),
      ]),
    },
    [],
  ],
  ['no archive at all', { 'a.jar': Buffer.from('text'), empty: Buffer.alloc(0) }, []],
])('%s', async (_name, files, code) => {
  expect(await foundIn(files)).toMatchObject({ code, unread: [] });
});

test('what cannot be read is named, and the rest is looked at', async () => {
  const whole = zip([part('x', library)]);
  const files = {
    'cut.zip': whole.subarray(0, whole.length - 30),
    'cut.tgz': tarGz(part('x', 'x')).subarray(0, 40),
    'good.zip': whole,
  };
  expect(await foundIn(files)).toMatchObject({ code: ['-good.zip/x'], unread: ['cut.zip', 'cut.tgz'] });
});

test('archives in archives are followed to an end', async () => {
  let archive = zip([part('x', library)]);
  for (let depth = 0; depth < 6; depth += 1) archive = zip([part('a.zip', archive)]);
  expect(await foundIn({ 'a.zip': archive })).toMatchObject({ code: [], unread: [] });
});

test('code that somebody has signed is told apart, an ad hoc signature is none', async () => {
  const [signed, adHoc] = [join(dir, 'signed'), join(dir, 'adhoc')];
  const pem = await makeIdentity(dir);
  for (const path of [signed, adHoc]) await makeMachO(path, '--file-type', 'dylib');
  await rcodesign('sign', '--pem-file', pem, '--timestamp-url', 'none', signed);
  await rcodesign('sign', adHoc);
  const archive = zip([part('signed', await readFile(signed)), part('adhoc', await readFile(adHoc))]);
  expect((await foundIn({ 'a.jar': archive })).code).toEqual(['a.jar/signed', '-a.jar/adhoc']);
});

test('what the notary service wants of a signature is looked for in code that is signed', async () => {
  const pem = await makeIdentity(dir);
  const authority = await startTimestampAuthority();
  const url = authority.url;
  try {
    const made = async (name: string, type: string, ...options: string[]) => {
      const path = join(dir, name);
      await makeMachO(path, '--file-type', type);
      await rcodesign('sign', '--pem-file', pem, ...options, path);
      return part(name, await readFile(path));
    };
    const runtime = ['--code-signature-flags', 'runtime'];
    const parts = [
      await made('library', 'dylib', '--timestamp-url', url),
      await made('unstamped', 'dylib', '--timestamp-url', 'none'),
      await made('program', 'executable', '--timestamp-url', url, ...runtime),
      await made('soft', 'executable', '--timestamp-url', url),
    ];
    expect((await foundIn({ 'a.jar': zip(parts) })).lacks).toEqual([
      [],
      ['time stamp'],
      [],
      ['hardened runtime'],
    ]);
  } finally {
    await authority.stop();
  }
});
