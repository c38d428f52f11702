import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iosDemoApp, macDemoApp } from '../../src/demo/bundles/index.ts';
import type { EmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { verifyIpa } from '../../src/files/archive/verify-ipa.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { type JobChanges, type Materials, makeMaterials, packTarGz, packZip } from './materials.ts';

const { signal } = new AbortController();
let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-beside-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COMPANIONS = {
  'SwiftSupport/iphoneos/libswiftCore.dylib': 'core',
  'WatchKitSupport2/WK': 'stub',
  'MessagesApplicationExtensionSupport/MessagesApplicationExtensionStub': 'stub',
  'Symbols/0AB3F2D0-1111-2222-3333-444455556666.symbols': 'symbols',
  'BCSymbolMaps/0AB3F2D0-1111-2222-3333-444455556666.bcsymbolmap': 'map',
};
const SYMBOLS = {
  'dSYMs/PerryDemo.app.dSYM/Contents/Info.plist': '<plist/>',
  'dSYMs/PerryDemo.app.dSYM/Contents/Resources/DWARF/PerryDemo': 'dwarf',
};
const STRANGERS = {
  'Symbols/evil.dylib': 'no symbols',
  'WatchKitSupport2/deep/WK': 'no stub',
  'Notes/read me.txt': 'nobody asked for it',
};

async function put(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** The demo app of iOS, and what lies beside it. */
async function iosArchive(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(folder, 'ios-'));
  await unpackBundleFile(String(materials.iosJob().bundle), root, { signal });
  await put(root, files);
  return packZip(root, `${root}.zip`);
}

const iosJob = async (files: Readonly<Record<string, string>>, manifest: JobChanges['manifest'] = {}) =>
  materials.iosJob({ bundle: await iosArchive(files), manifest });

const scene = (run: (scene: Scene) => Promise<void>) =>
  withScene(
    { env: { PERRY_TIMESTAMP_URL: 'none' }, startRun: inProcessRuns(), secrets: materials.secrets },
    async (world) => {
      await world.linked();
      await run(world);
    },
  );

const messagesOf = (hub: EmbeddedHub, jobId: string, type: string) =>
  hub.messages(jobId).filter((message) => message.type === type);
const linesOf = (hub: EmbeddedHub, jobId: string) =>
  messagesOf(hub, jobId, 'log').map(({ line }) => String(line));
const namesOf = (hub: EmbeddedHub, jobId: string) =>
  messagesOf(hub, jobId, 'artifact_ready').map(({ artifact_name }) => String(artifact_name));

describe('what comes beside an iOS app', () => {
  test('for the App Store is in the .ipa, and everything else is not, and is said', () =>
    scene(async ({ hub, submit, completed }) => {
      const jobId = await submit(await iosJob({ ...COMPANIONS, ...SYMBOLS, ...STRANGERS }));
      expect(await completed(jobId)).toMatchObject({ success: true });
      const { entries } = await verifyIpa(hub.artifact(jobId)?.path ?? '', { signal });
      const beside = entries.filter(({ path, type }) => type === 'file' && !path.startsWith('Payload/'));
      expect(beside.map(({ path }) => path).sort()).toEqual(Object.keys(COMPANIONS).sort());
      const lines = linesOf(hub, jobId).join('\n');
      expect(lines).toMatch(/"debug_symbols": true in the manifest asks for them/);
      expect(lines).toMatch(/Beside the app lies what is not used: "Notes"\./);
      expect(lines).toMatch(/Left out.*"Symbols\/evil\.dylib", "WatchKitSupport2\/deep\/WK"/);
      expect(namesOf(hub, jobId)).toEqual([`${iosDemoApp.name}-${jobId}.ipa`]);
    }));

  test('for debuggers is delivered before the app where that is asked for', () =>
    scene(async ({ hub, submit, completed }) => {
      const jobId = await submit(await iosJob(SYMBOLS, { debug_symbols: true }));
      expect(await completed(jobId)).toMatchObject({ success: true });
      expect(namesOf(hub, jobId)).toEqual([
        `${iosDemoApp.name}-${jobId}.dSYMs.zip`,
        `${iosDemoApp.name}-${jobId}.ipa`,
      ]);
      const { entries } = await verifyIpa(hub.artifact(jobId)?.path ?? '', { signal, beside: new Map() });
      expect(entries.some(({ path }) => path.includes('dSYM'))).toBe(false);
    }));

  test('that was asked for and did not come is said', () =>
    scene(async ({ hub, submit, completed }) => {
      const jobId = await submit(await iosJob({}, { debug_symbols: true }));
      expect(await completed(jobId)).toMatchObject({ success: true });
      expect(linesOf(hub, jobId)).toContain('No debug symbols (dSYMs) came with the app.');
      expect(namesOf(hub, jobId)).toHaveLength(1);
    }));
});

describe('what comes beside a macOS app', () => {
  test('for debuggers is delivered, without its links', () =>
    scene(async ({ hub, submit, completed }) => {
      const root = await mkdtemp(join(folder, 'mac-'));
      await unpackBundleFile(String(materials.macJob().bundle), root, { signal });
      await put(root, { [`${macDemoApp.name}.app.dSYM/Contents/Info.plist`]: '<plist/>' });
      await symlink('Info.plist', join(root, `${macDemoApp.name}.app.dSYM/Contents/link`));
      const names = [`${macDemoApp.name}.app`, `${macDemoApp.name}.app.dSYM`];
      const bundle = await packTarGz(root, names, `${root}.tar.gz`);
      const jobId = await submit(materials.macJob({ bundle, manifest: { debug_symbols: true } }));
      expect(await completed(jobId)).toMatchObject({ success: true });
      expect(namesOf(hub, jobId)).toEqual([
        `${macDemoApp.name}-${jobId}.dSYMs.zip`,
        `${macDemoApp.name}-${jobId}.dmg`,
      ]);
      const url = String(messagesOf(hub, jobId, 'artifact_ready')[0]?.download_url);
      const zip = join(folder, 'symbols.zip');
      await writeFile(zip, Buffer.from(await (await fetch(url)).text(), 'base64'));
      const to = join(folder, 'symbols');
      await unpackBundleFile(zip, to, { signal });
      expect((await listTree(to)).map(({ path }) => path)).toEqual([
        `${macDemoApp.name}.app.dSYM`,
        `${macDemoApp.name}.app.dSYM/Contents`,
        `${macDemoApp.name}.app.dSYM/Contents/Info.plist`,
      ]);
      expect(await readFile(join(to, `${macDemoApp.name}.app.dSYM/Contents/Info.plist`), 'utf8')).toBe(
        '<plist/>',
      );
    }));
});
