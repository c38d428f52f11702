import { chmod, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { infoPlist, macFramework, makeMacApp } from '../helpers/bundles.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { sign } from '../helpers/signed-bundles.ts';
import { loadCommands, plistText, signatureInfo, takeDmgApart } from './judges.ts';
import { type Materials, packTarGz, TEAM } from './materials.ts';

const NAME = 'Über App';

/** A macOS app with everything in it: nested code, links, two architectures, old signatures. */
export async function richMacJob(materials: Materials, folder: string): Promise<JobSubmission> {
  await makeAwkward(await makeRichApp(folder));
  const bundle = await packTarGz(folder, [`${NAME}.app`], join(folder, 'rich.tar.gz'));
  const manifest = { app_name: NAME, bundle_id: 'com.example.ueber', targets: ['MACOS-SIGN'] };
  return materials.macJob({ manifest, bundle });
}

const framework = macFramework('Contents/Frameworks', 'Größe', 'com.example.groesse');
const helper = 'Contents/Helpers/Hélper One.app/Contents';
const tool = 'Contents/Helpers/tool';
const extension = 'Contents/Library/SystemExtensions/com.example.ueber.filter.systemextension/Contents';

/** Universal, with a versioned framework, a library behind a link, a helper app, a system extension and a binary property list. */
const makeRichApp = (folder: string): Promise<string> =>
  makeMacApp(folder, {
    name: 'Über App',
    bundleId: 'com.example.ueber',
    infoFormat: 'binary',
    executable: buildFatMachO([buildMachO(), buildMachO({ architecture: 'x86_64' })]),
    files: {
      ...framework.files,
      'Contents/Frameworks/libfoo.1.dylib': buildMachO({ fileType: 'dylib', text: 'libfoo' }),
      [`${helper}/MacOS/Helper`]: buildMachO({ text: 'helper' }),
      [`${helper}/Info.plist`]: infoPlist({
        CFBundleIdentifier: 'com.example.ueber.helper',
        CFBundleExecutable: 'Helper',
      }),
      [tool]: buildMachO({ text: 'tool' }),
      [`${extension}/MacOS/Filter`]: buildMachO({ text: 'filter' }),
      [`${extension}/Info.plist`]: infoPlist({
        CFBundleIdentifier: 'com.example.ueber.filter',
        CFBundleExecutable: 'Filter',
        CFBundlePackageType: 'SYSX',
      }),
      'Contents/Resources/de.lproj/Häuser & "Co".txt': 'data',
      'Contents/Resources/closed/read only.txt': 'read only',
    },
    links: { ...framework.links, 'Contents/Frameworks/libfoo.dylib': 'libfoo.1.dylib' },
  });

/** Signed before by somebody else, and then made read-only. */
async function makeAwkward(app: string): Promise<void> {
  const entitlements = join(dirname(app), 'entitlements.plist');
  const [debugging, compiling] = ['com.apple.security.get-task-allow', 'com.apple.security.cs.allow-jit'];
  await writeFile(entitlements, infoPlist({ [debugging]: true, [compiling]: true }));
  const scopes = ['@main', 'Contents/Helpers/Hélper One.app', tool];
  await sign('ad hoc', app, ...scopes.map((scope) => `--entitlements-xml-file=${scope}:${entitlements}`));
  await chmod(join(app, 'Contents/Info.plist'), 0o444);
  await chmod(join(app, 'Contents/MacOS/Über App'), 0o444);
  await chmod(join(app, 'Contents/Resources/closed/read only.txt'), 0o444);
  await chmod(join(app, 'Contents/Resources/closed'), 0o555);
}

const programs = ['Contents/MacOS/Über App', `${helper}/MacOS/Helper`, tool, `${extension}/MacOS/Filter`];
const code = [
  ...programs,
  'Contents/Frameworks/Größe.framework/Versions/A/Größe',
  'Contents/Frameworks/libfoo.1.dylib',
];

/** Takes the image apart; all code is signed anew, and the rest is as it came. */
export async function judgeRichMac(dmg: string, dir: string): Promise<void> {
  const app = join(await takeDmgApart(dmg, join(dir, 'dmg')), NAME, `${NAME}.app`);
  for (const path of code) {
    const info = await signatureInfo(join(app, path));
    expect(info, path).toContain(`CN=Developer ID Application: Perry Test (${TEAM})`);
    expect(info, path).toContain('time_stamp_token:');
    expect(info, path).not.toContain('signature_verifies: false');
    if (programs.includes(path)) expect(info, path).toContain('CodeSignatureFlags(RUNTIME)');
    expect(await loadCommands(join(app, path)), path).toMatch(/cmd LC_CODE_SIGNATURE/);
  }
  for (const path of ['Contents/MacOS/Über App', `${helper}/MacOS/Helper`, tool]) {
    const info = await signatureInfo(join(app, path));
    expect(info, path).toContain('com.apple.security.cs.allow-jit');
    expect(info, path).not.toContain('com.apple.security.get-task-allow');
  }
  const main = await signatureInfo(join(app, 'Contents/MacOS/Über App'));
  expect(main.match(/signed_entity_size/g)?.length).toBeGreaterThanOrEqual(2);
  expect(await readlink(join(app, 'Contents/Frameworks/Größe.framework/Versions/Current'))).toBe('A');
  expect(await readlink(join(app, 'Contents/Frameworks/Größe.framework/Größe'))).toBe(
    'Versions/Current/Größe'.normalize('NFD'),
  );
  expect(await readlink(join(app, 'Contents/Frameworks/libfoo.dylib'))).toBe('libfoo.1.dylib');
  expect(await readFile(join(app, 'Contents/Resources/closed/read only.txt'), 'utf8')).toBe('read only');
  expect((await stat(join(app, 'Contents/MacOS/Über App'))).mode & 0o111).toBe(0o111);
  expect(await plistText(join(app, 'Contents/Info.plist'))).toContain('<string>com.example.ueber</string>');
  expect(await plistText(join(app, `${helper}/Info.plist`))).toContain('com.example.ueber.helper');
  expect((await checkSealedBundle(app, { signal: AbortSignal.timeout(20_000) })).findings).toEqual([]);
}
