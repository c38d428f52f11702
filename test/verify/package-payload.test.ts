import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { componentPackage, cpio, gzipped, type PayloadItem } from '../helpers/component-package.ts';

const { signal } = new AbortController();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-payload-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const INFO = `<plist version="1.0"><dict><key>CFBundleIdentifier</key><string>com.example.my</string>
<key>CFBundleExecutable</key><string>My</string><key>CFBundlePackageType</key><string>APPL</string></dict></plist>`;
const app: readonly PayloadItem[] = [
  { path: '.', mode: 0o40755 },
  { path: './My.app', mode: 0o40755 },
  { path: './My.app/Contents', mode: 0o40755 },
  { path: './My.app/Contents/Info.plist', mode: 0o100644, content: INFO },
  { path: './My.app/Contents/MacOS', mode: 0o40755 },
  { path: './My.app/Contents/MacOS/My', mode: 0o100755, content: '#!/bin/sh\n' },
];

async function verified(payload: Buffer) {
  const path = join(folder, 'some.pkg');
  await writeFile(path, componentPackage({ payload, distribution: '<a/>', packageInfo: '<a/>' }));
  const { findings, warnings, apps } = await verifyArtifact(path, { signal });
  return { codes: findings.map(({ code }) => code), warnings, apps };
}

test('the app in a package is looked at as any other', async () => {
  const { codes, warnings, apps } = await verified(gzipped(app));
  expect(apps).toHaveLength(1);
  expect(apps[0]).toMatchObject({ bundleId: 'com.example.my' });
  // of the package, and of the app
  expect(codes.filter((code) => code === 'SIGNATURE_MISSING').length).toBeGreaterThan(1);
  expect(warnings.join()).not.toMatch(/not taken apart/);
});

test.each<[string, Buffer, RegExp]>([
  ['of another form', Buffer.from('pbzx'), /a form that is not read/],
  ['with a way out', gzipped([...app, { path: '../evil', mode: 0o100644 }]), /not taken apart/],
  [
    'with a link to the system',
    gzipped([{ path: './bin', mode: 0o120755, content: '/usr/bin' }]),
    /not taken apart/,
  ],
  ['with a device', gzipped([{ path: './null', mode: 0o20666 }]), /a device or a pipe/],
  ['that ends in the middle', gzipSync(cpio(app).subarray(0, 300)), /not taken apart/],
  [
    'with a broken checksum',
    Buffer.concat([gzipped(app).subarray(0, -8), Buffer.alloc(8)]),
    /not taken apart/,
  ],
  ['with the same name twice', gzipped([...app, ...app.slice(-1)]), /not taken apart/],
  [
    'with a link that would lead writing elsewhere',
    gzipped([
      { path: './a', mode: 0o120755, content: '..' },
      { path: './a/evil', mode: 0o100644, content: 'x' },
    ]),
    /not taken apart/,
  ],
])('a payload %s is not taken apart, and that is no fault of the package', async (_, payload, reason) => {
  const { codes, warnings, apps } = await verified(payload);
  expect(apps).toEqual([]);
  expect(codes).toEqual(['SIGNATURE_MISSING']);
  expect(warnings).toEqual([expect.stringMatching(reason)]);
});
