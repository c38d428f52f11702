import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTimestampAuthority, type TimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { BundleTree } from '../../src/files/code-signature/bundle-tree.ts';
import { checkSignature } from '../../src/files/code-signature/check-signature.ts';
import { readDmgSignature, readMachOSignature } from '../../src/files/code-signature/read-signature.ts';
import { DigestTap, digestResources, knownOf } from '../../src/files/code-signature/resource-digests.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { makeIdentity, makeMachO, rcodesign, writeIn } from '../helpers/rcodesign-fixtures.ts';
import {
  makeBareDmg,
  makeRichIosApp,
  makeRichMacApp,
  seededNumbers,
  sign,
  withFlippedByte,
} from '../helpers/signed-bundles.ts';

const { signal } = new AbortController();
const check = (app: string) => checkSealedBundle(app, { signal });

let folder: string;
let authority: TimestampAuthority;
let rsa: string;
let ecdsa: string;
let macApp: string;
let adHocApp: string;
let iosApp: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-ship-signature-'));
  authority = await startTimestampAuthority();
  [rsa, ecdsa] = [await makeIdentity(folder), await makeIdentity(folder, 'ecdsa')];
  [macApp, adHocApp] = [join(folder, 'Mac.app'), join(folder, 'AdHoc.app')];
  await makeRichMacApp(macApp);
  await cp(macApp, adHocApp, { recursive: true, verbatimSymlinks: true });
  await rcodesign('debug-create-entitlements', '--get-task-allow', join(folder, 'ent.plist'));
  const settings = ['--code-signature-flags', 'runtime', '-e', join(folder, 'ent.plist')];
  await sign({ pem: rsa, timestampUrl: authority.url }, macApp, ...settings);
  await sign('ad hoc', adHocApp);
  iosApp = await makeRichIosApp(folder);
  await sign({ pem: ecdsa }, iosApp);
});

afterAll(async () => {
  await authority.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a bundle as it was signed', () => {
  test('has no findings: deep, with an identity and a time stamp', async () => {
    const { findings, mainExecutable, nested } = await check(macApp);
    expect(findings).toEqual([]);
    expect(nested.map(({ path }) => path).sort()).toMatchInlineSnapshot(`
      [
        "Contents/Frameworks/Größe.framework/Versions/A/Größe",
        "Contents/Frameworks/libfoo.1.dylib",
        "Contents/Helpers/Hélper One.app/Contents/MacOS/Helper",
        "Contents/Resources/data.bin",
        "Contents/Resources/node_modules/@scope/tool",
      ]
    `);
    expect(mainExecutable?.signatures.map(({ architecture }) => architecture).sort()).toEqual([
      'arm64',
      'x86_64',
    ]);
    for (const signature of mainExecutable?.signatures ?? []) {
      expect(signature).toMatchObject({
        identifier: 'com.example.ueber',
        adHoc: false,
        hardenedRuntime: true,
        hasDesignatedRequirement: true,
        hasDerEntitlements: true,
        executableSegmentFlags: 0x11,
        cms: { anchor: 'self-signed', timestamp: { hasSignerCertificate: true } },
      });
      expect(signature.entitlementsXml).toContain('get-task-allow');
      expect(signature.cms?.signer?.commonName).toContain('Jürgen Tester');
      expect(signature.cms?.signingTime).toBeInstanceOf(Date);
    }
  });

  test('has no findings: deep, ad hoc', async () => {
    const { findings, mainExecutable } = await check(adHocApp);
    expect(findings).toEqual([]);
    expect(mainExecutable?.signatures[0]).toMatchObject({ adHoc: true, flags: ['adhoc'] });
    expect(mainExecutable?.signatures[0]?.cms).toBeUndefined();
  });

  test('has no findings: flat, with an extension and a framework', async () => {
    const { findings, nested } = await check(iosApp);
    expect(findings).toEqual([]);
    expect(nested.map(({ path }) => path)).toEqual([
      'Frameworks/Kit.framework/Kit',
      'PlugIns/Share.appex/Share',
    ]);
  });

  test('is read as rcodesign reads it', async () => {
    const text = await rcodesign('print-signature-info', join(macApp, 'Contents/MacOS/Über App'));
    const { slices } = await readMachOSignature(join(macApp, 'Contents/MacOS/Über App'));
    for (const { signature } of slices) {
      expect(text).toContain(`sha256: ${signature?.codeDirectories[0].digest.toString('hex')}`);
      expect(text).toContain(`length: ${signature?.codeDirectories[0].blob.length}`);
    }
  });

  test('with SHA-1 beside SHA-256 has no findings', async () => {
    const app = join(folder, 'Old.app');
    await cp(macApp, app, { recursive: true, verbatimSymlinks: true });
    await sign({ pem: rsa }, app, '--digest', 'sha1', '--digest', 'sha256');
    const { findings, mainExecutable } = await check(app);
    expect(findings).toEqual([]);
    expect(mainExecutable?.signatures[0]).toMatchObject({ digests: ['sha1', 'sha256'] });
  });
});

describe('one changed byte is found', () => {
  const numbers = seededNumbers(20_260_101);

  const flipsIn = async (app: string, path: string, count: number, end?: number): Promise<void> => {
    const file = join(app, path);
    const size = end ?? (await stat(file)).size;
    for (let index = 0; index < count; index += 1) {
      const at = numbers(size);
      const { findings } = await withFlippedByte(file, at, 1 << numbers(8), () => check(app));
      expect(findings, `${path} at ${at}`).not.toEqual([]);
    }
  };

  test.each([
    'Contents/Info.plist',
    'Contents/_CodeSignature/CodeResources',
    'Contents/Resources/Häuser & "Co".txt',
    'Contents/Resources/en.lproj/Localizable.strings',
    'Contents/Resources/Strings.bundle/Contents/Resources/a.txt',
    'Contents/Resources/Strings.bundle/Contents/Info.plist',
    'Contents/Frameworks/Größe.framework/Versions/A/Resources/Info.plist',
    'Contents/Frameworks/Größe.framework/Versions/A/_CodeSignature/CodeResources',
    'Contents/Helpers/Hélper One.app/Contents/Info.plist',
  ])('in %s', async (path) => {
    await flipsIn(macApp, path, 6);
    await flipsIn(adHocApp, path, 6);
  });

  test('in the code and the CodeDirectories of every Mach-O file', async () => {
    const { nested, mainExecutable } = await check(macApp);
    for (const { path } of [mainExecutable, ...nested].flatMap((report) => report ?? [])) {
      const { slices } = await readMachOSignature(join(macApp, path));
      for (const { offset, layout, signature } of slices) {
        const end = (layout.signature?.offset ?? 0) + (signature?.codeDirectories[0].blob.length ?? 0);
        for (let index = 0; index < 8; index += 1) {
          const at = offset + numbers(end);
          const { findings } = await withFlippedByte(join(macApp, path), at, 1 << numbers(8), () =>
            check(macApp),
          );
          expect(findings, `${path} at ${at}`).not.toEqual([]);
        }
      }
    }
  });

  test('in a flat bundle', async () => {
    for (const path of ['Info.plist', 'assets/greeting.txt', 'Frameworks/Kit.framework/data.json'])
      await flipsIn(iosApp, path, 4);
    for (const path of ['PlugIns/Share.appex/Share', 'Frameworks/Kit.framework/Kit'])
      await flipsIn(iosApp, path, 12);
    await flipsIn(iosApp, 'PerryDemo', 12, 65_808);
  });

  test('in a disk image: content, trailer, signature', async () => {
    const dmg = join(folder, 'flip.dmg');
    await makeBareDmg(dmg);
    await sign({ pem: rsa }, dmg);
    expect(await checkSignature(dmg, { signal })).toMatchObject({ findings: [] });
    const { range, signature } = await readDmgSignature(dmg);
    expect(signature?.codeDirectories[0]).toMatchObject({
      identifier: 'flip',
      pageSizeBytes: 0,
      codeSlotCount: 1,
    });
    const size = (await stat(dmg)).size;
    const sealedEnd = (range?.offset ?? 0) + (signature?.codeDirectories[0].blob.length ?? 0);
    const places = [size - 100, size - 512 + 40, ...Array.from({ length: 20 }, () => numbers(sealedEnd))];
    for (const at of places) {
      const report = await withFlippedByte(dmg, at, 0x10, () => checkSignature(dmg, { signal }));
      expect(report.findings, `at ${at}`).not.toEqual([]);
    }
  });
});

describe('a changed tree is found', () => {
  let app: string;
  const codes = async (): Promise<string[]> =>
    (await check(app)).findings.map(({ code, path }) => `${code} ${path}`);

  const changed = async (change: () => Promise<unknown>): Promise<string[]> => {
    app = await mkdtemp(join(folder, 'changed-'));
    await cp(macApp, app, { recursive: true, verbatimSymlinks: true });
    await change();
    return codes();
  };
  const resources = 'Contents/Resources';

  test('added, removed, replaced and redirected items', async () => {
    expect(await changed(() => writeIn(app, `${resources}/new.txt`, 'x'))).toEqual([
      `FILE_UNSEALED ${resources}/new.txt`,
    ]);
    expect(await changed(() => writeIn(app, 'new.txt', 'x'))).toEqual(['FILE_UNSEALED new.txt']);
    expect(await changed(() => writeIn(app, 'Contents/MacOS/run.sh', 'x'))).toEqual([
      'FILE_UNSEALED Contents/MacOS/run.sh',
    ]);
    expect(await changed(() => writeIn(app, 'Contents/_CodeSignature/x', 'x'))).toEqual([
      'FILE_UNSEALED Contents/_CodeSignature/x',
    ]);
    expect(await changed(() => writeIn(app, 'Contents/Frameworks/Größe.framework/x', 'x'))).toEqual([
      'FILE_UNSEALED Contents/Frameworks/Größe.framework/x',
    ]);
    expect(await changed(() => unlink(join(app, resources, 'data.bin')))).toEqual([
      `FILE_MISSING ${resources}/data.bin`,
    ]);
    expect(await changed(() => relink(join(app, resources, 'link'), 'en.lproj'))).toEqual([
      `LINK_CHANGED ${resources}/link`,
    ]);
    expect(await changed(() => relink(join(app, resources, 'link'), '/etc/passwd'))).toEqual([
      `LINK_CHANGED ${resources}/link`,
      `LINK_ESCAPES ${resources}/link`,
    ]);
    expect(await changed(() => relink(join(app, resources, 'data.bin'), 'link'))).toEqual([
      `LINK_CHANGED ${resources}/data.bin`,
    ]);
  });

  test('an optional file may be taken away', async () => {
    expect(await changed(() => rm(join(app, resources, 'en.lproj/Localizable.strings')))).toEqual([]);
  });

  test('nested code that was signed again by somebody else', async () => {
    const helper = 'Contents/Helpers/Hélper One.app';
    expect(await changed(() => sign('ad hoc', join(app, helper)))).toEqual([`NESTED_CHANGED ${helper}`]);
    expect(
      await changed(() => rm(join(app, helper, 'Contents/_CodeSignature'), { recursive: true })),
    ).toContain(`SEAL_MISSING ${helper}/Contents/_CodeSignature/CodeResources`);
  });

  test('a framework that points at another version', async () => {
    const framework = 'Contents/Frameworks/Größe.framework';
    const current = `${framework}/Versions/Current`;
    expect(await changed(() => relink(join(app, current), '../..'))).toContain(`LINK_CHANGED ${current}`);
  });

  test('a bundle without executable, or of another kind, is a finding', async () => {
    expect(await changed(() => rm(join(app, 'Contents/MacOS/Über App')))).toContain('BUNDLE_MALFORMED ');
    expect(await changed(() => writeFile(join(app, 'Contents/MacOS/Über App'), 'x'.repeat(99)))).toContain(
      'SIGNATURE_MISSING Contents/MacOS/Über App',
    );
  });

  const relink = async (path: string, target: string): Promise<void> => {
    await rm(path);
    await symlink(target, path);
  };
});

test('digests that the caller knows are believed and not taken again', async () => {
  const path = 'Contents/Resources/data.bin';
  const digests = new Map([[path, Buffer.alloc(32)]]);
  const { findings } = await checkSealedBundle(macApp, { signal, digests });
  expect(findings.map((found) => `${found.code} ${found.path}`)).toEqual([`FILE_CHANGED ${path}`]);
});

describe('what was read while the guest signed', () => {
  const path = 'Contents/Resources/data.txt';
  let app: string;
  beforeEach(async () => {
    app = join(folder, 'Known.app');
    await rm(app, { recursive: true, force: true });
    await cp(macApp, app, { recursive: true, verbatimSymlinks: true });
    await writeFile(join(app, path), 'some text');
  });
  const read = async () =>
    digestResources(await BundleTree.read(app), { except: new Set(['Contents/Info.plist']), signal });

  test('is known of files that nobody has touched, and says where no code is', async () => {
    const { digests, noCode } = knownOf(await BundleTree.read(app), await read());
    expect(digests.get(path)).toEqual(createHash('sha256').update('some text').digest());
    expect(digests.has('Contents/Info.plist')).toBe(false);
    expect(noCode.has(path)).toBe(true);
    expect(noCode.has('Contents/Frameworks/libfoo.1.dylib')).toBe(false);
  });

  test.each([
    ['written to', (file: string) => writeFile(file, 'SOME text')],
    ['replaced', (file: string) => rename(`${file}.new`, file)],
  ])('is forgotten of a file that was %s, with the same size', async (_, touch) => {
    await writeFile(join(app, `${path}.new`), 'SOME text');
    const taken = await read();
    await touch(join(app, path));
    const { digests, noCode } = knownOf(await BundleTree.read(app), taken);
    expect([digests.has(path), noCode.has(path)]).toEqual([false, false]);
  });

  test('is whole for files that came in pieces, several at a time', () => {
    const tap = new DigestTap();
    const [a, b] = [Buffer.alloc(70, 'a'), Buffer.alloc(70, 'b')];
    for (let at = 0; at < 70; at += 35) {
      tap.take('a', a.subarray(at, at + 35), 70);
      tap.take('b', b.subarray(at, at + 35), 70);
    }
    tap.take('cut', a.subarray(1), 70);
    const known = tap.digests(new Map(['a', 'b', 'cut'].map((name) => [name, name])));
    expect([...known.keys()]).toEqual(['a', 'b']);
    expect(known.get('b')?.sha256).toEqual(createHash('sha256').update(b).digest());
  });
});

test('an unsigned program, and a file of another kind', async () => {
  const signed = await readFile(join(iosApp, 'PerryDemo'));
  expect(signed.length).toBeGreaterThan(65_808);
  const { findings } = await checkSignature(
    new URL('../../src/demo/assets/PerryDemo', import.meta.url).pathname,
    { signal },
  );
  expect(findings).toMatchObject([{ code: 'SIGNATURE_MISSING', path: '' }]);
  await expect(checkSignature(join(folder, 'ent.plist'), { signal })).rejects.toMatchObject({
    code: 'CODE_FORMAT_UNKNOWN',
  });
  await expect(check(join(folder, 'none.app'))).rejects.toMatchObject({ code: 'SIGNED_FILE_UNREADABLE' });
  await expect(checkSignature(join(folder, 'none'), { signal })).rejects.toMatchObject({
    code: 'SIGNED_FILE_UNREADABLE',
  });
});

test('architectures signed by different people', async () => {
  const [arm, intel, both] = ['arm', 'intel', 'both'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await makeMachO(arm);
  await makeMachO(intel, '--architecture', 'x86-64');
  await sign({ pem: rsa }, arm);
  await sign({ pem: ecdsa }, intel);
  await rcodesign('macho-universal-create', '-o', both, arm, intel);
  const { findings } = await checkSignature(both, { signal });
  expect(findings.map(({ code }) => code)).toEqual(['CERTIFICATE_WRONG']);
});

test('stops when it is aborted', async () => {
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(checkSealedBundle(macApp, { signal: aborted })).rejects.toThrow('enough');
});
