import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { iosDemoApp, makeIosDemoBundle, stageIosDemoApp } from '../../src/demo/bundles/ios-app.ts';
import { macDemoApp, makeMacDemoBundle, stageMacDemoApp } from '../../src/demo/bundles/mac-app.ts';
import { makePaddedBundle } from '../../src/demo/bundles/padded-bundle.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { packageRoot } from '../../src/package-root.ts';
import { rcodesign } from '../helpers/rcodesign-fixtures.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-ship-demo-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const output = async (file: string, ...args: string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await run(file, args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
};

test('the Mac bundle is a tar.gz as the hub makes it', async () => {
  const file = join(folder, 'mac.tar.gz');
  await makeMacDemoBundle(file);
  expect((await readFile(file)).subarray(0, 2).toString('hex')).toBe('1f8b');
  const listing = await output('tar', '-tvzf', file);
  expect(listing).toMatch(/^-rwxr-xr-x .* terminal-notifier\.app\/Contents\/MacOS\/terminal-notifier$/m);
  expect(listing).toMatch(/terminal-notifier\.app\/Contents\/Resources\/AppIcon\.png$/m);
  expect(listing.split('\n').every((line) => / terminal-notifier\.app\//.test(line))).toBe(true);
});

test('the Mac app is what its constants say, and can be signed', async () => {
  const app = await stageMacDemoApp(folder);
  const plist = await readFile(join(app, 'Contents/Info.plist'), 'utf8');
  for (const value of [macDemoApp.bundleId, macDemoApp.name, macDemoApp.version, macDemoApp.shortVersion])
    expect(plist).toContain(`<string>${value}</string>`);
  const icon = await sharp(join(app, 'Contents/Resources/AppIcon.png')).metadata();
  expect(icon).toMatchObject({ format: 'png', width: 1024, height: 1024, hasAlpha: true });
  await rcodesign('sign', app);
  const { signal } = new AbortController();
  expect(await checkSealedBundle(app, { signal })).toMatchObject({ findings: [], nested: [] });
});

test('the iOS bundle is a zip as the hub makes it: the executable bit is lost', async () => {
  const file = join(folder, 'ios.zip');
  await makeIosDemoBundle(file);
  await output('unzip', '-tq', file);
  const listing = await output('unzip', '-Z', file);
  const lines = listing.split('\n').filter((line) => line.includes('Payload/'));
  expect(lines.find((line) => line.endsWith('/PerryDemo'))).toMatch(/^-rw-r--r--/);
  expect(lines.filter((line) => !line.endsWith('/')).every((line) => line.startsWith('-rw-r--r--'))).toBe(
    true,
  );
  expect(listing).toContain('Payload/PerryDemo.app/Icon-1024.png');
  expect(listing).not.toMatch(/ Payload\/(PerryDemo\.app\/)?$/m);
});

test('the iOS executable is an arm64 program for iOS, judged by LLVM, and can be signed', async () => {
  const app = await stageIosDemoApp(folder);
  const headers = await output('llvm-objdump', '--macho', '--private-headers', join(app, iosDemoApp.name));
  expect(headers).toMatch(/MH_MAGIC_64 +ARM64 +ALL +0x00 +EXECUTE .*PIE/);
  for (const text of [/platform ios/, /minos 15\.0/, /LC_MAIN/, /libSystem\.B\.dylib/])
    expect(headers).toMatch(text);
  expect(headers).not.toContain('LC_CODE_SIGNATURE');
  await output('plistutil', '-i', join(app, 'Info.plist'), '-o', join(folder, 'Info.bin'), '-f', 'bin');
  await rcodesign('sign', app);
  const signed = await output('llvm-objdump', '--macho', '--private-headers', join(app, iosDemoApp.name));
  expect(signed).toContain('LC_CODE_SIGNATURE');
  const { signal } = new AbortController();
  const { findings, mainExecutable } = await checkSealedBundle(app, { signal });
  expect(findings).toEqual([]);
  expect(mainExecutable?.signatures[0]).toMatchObject({
    identifier: iosDemoApp.bundleId,
    architecture: 'arm64',
  });
});

test('padded bundles have about the size asked for, and the same content each time', async () => {
  const sizeBytes = 3_000_001;
  for (const kind of ['macos', 'ios'] as const) {
    const file = join(folder, `padded-${kind}`);
    await makePaddedBundle(kind, file, { sizeBytes, files: 2 });
    expect((await stat(file)).size).toBeGreaterThan(sizeBytes);
  }
  const digests = [];
  for (const name of ['one', 'two']) {
    const app = await stageIosDemoApp(join(folder, name), { sizeBytes, files: 2 });
    const parts = await Promise.all(
      [0, 1].map((index) => readFile(join(app, `assets/padding-${index}.bin`))),
    );
    expect(Buffer.concat(parts)).toHaveLength(sizeBytes);
    digests.push(Buffer.concat(parts));
  }
  expect(digests[0]?.equals(digests[1] ?? Buffer.alloc(0))).toBe(true);
});

test('the root of the package is where package.json is', async () => {
  expect(JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')).name).toBe('perry-ship');
});
