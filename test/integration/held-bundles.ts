import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { makeRichIosApp } from '../helpers/signed-bundles.ts';
import {
  expectCmsHolds,
  listIpa,
  loadCommands,
  plistText,
  sameBytes,
  signatureInfo,
  takeDmgApart,
  takeIpaApart,
} from './judges.ts';
import { type Materials, packZip, TEAM } from './materials.ts';

/** Jobs that must come out well wherever they are signed, and who judges what came out, with programs that know nothing of us. */

const SHARING = 'com.apple.developer.networking.multicast';
const NOTIFIER = 'terminal-notifier/terminal-notifier.app/Contents';

/** The macOS app of the demo, signed with Developer ID and a time stamp. */
export async function judgeDemoMac(dmg: string, dir: string, { developerId }: Materials): Promise<void> {
  const volume = await takeDmgApart(dmg, join(dir, 'dmg'));
  const app = join(volume, 'terminal-notifier', 'terminal-notifier.app');
  const binary = join(app, 'Contents/MacOS/terminal-notifier');
  const info = await signatureInfo(binary);
  expect(info).toContain('time_stamp_token:');
  expect(info).toContain('CodeSignatureFlags(RUNTIME)');
  expect(info.match(/signature_verifies: (\w+)/g)).toEqual([
    'signature_verifies: true',
    'signature_verifies: true',
  ]);
  expect(info).toContain('identifier: nl.superalloy.oss.terminal-notifier');
  expect(await loadCommands(binary)).toMatch(/cmd LC_CODE_SIGNATURE/);
  const cms = await expectCmsHolds(binary, developerId.authorityPem, dir);
  expect(cms).toContain(`CN=Developer ID Application: Perry Test (${TEAM})`);
  expect(cms).toContain('id-smime-aa-timeStampToken');
  const plist = await plistText(join(app, 'Contents/Info.plist'));
  expect(plist).toContain('<string>nl.superalloy.oss.terminal-notifier</string>');
  expect(plist).toContain('<key>CFBundleIconFile</key>');
  expect(await signatureInfo(dmg)).toMatch(/time_stamp_token:/);
  expect((await checkSealedBundle(app, { signal: AbortSignal.timeout(20_000) })).findings).toEqual([]);
}

/** The iOS app of the demo, with its profile and the entitlements that this permits. */
export async function judgeDemoIos(
  ipa: string,
  dir: string,
  { profile, distribution }: Materials,
): Promise<void> {
  const listed = await listIpa(ipa);
  expect(listed.get('Payload/PerryDemo.app/PerryDemo')).toBe('-rwxr-xr-x');
  expect(listed.get('Payload/PerryDemo.app/Info.plist')).toBe('-rw-r--r--');
  await takeIpaApart(ipa, join(dir, 'ipa'));
  const app = join(dir, 'ipa/Payload/PerryDemo.app');
  expect(await sameBytes(join(app, 'embedded.mobileprovision'), profile)).toBe(true);
  const binary = join(app, 'PerryDemo');
  const info = await signatureInfo(binary);
  expect(info).not.toContain('time_stamp_token:');
  expect(info).toMatch(/signature_verifies: true/);
  expect(info).toContain(`<string>${TEAM}.com.example.perrydemo</string>`);
  expect(info).toContain('<key>beta-reports-active</key>');
  const commands = await loadCommands(binary);
  expect(commands).toMatch(/cmd LC_CODE_SIGNATURE/);
  expect(commands).toMatch(/platform (ios|2)/i);
  await expectCmsHolds(binary, distribution.authorityPem, dir);
  expect(await plistText(join(app, 'Info.plist'))).toContain('<string>com.example.perrydemo</string>');
}

/** An iOS app with an extension and a framework, from an archive without modes. */
export async function richIosJob(materials: Materials, folder: string): Promise<JobSubmission> {
  const staging = join(folder, 'ios-rich', 'Payload');
  await mkdir(staging, { recursive: true });
  await makeRichIosApp(staging);
  const bundle = await packZip(join(folder, 'ios-rich'), join(folder, 'ios-rich.zip'));
  const profile = materials.profileWith({ bundleId: 'com.example.*' });
  return materials.iosJob({ bundle, credentials: { provisioning_profile_base64: profile } });
}

export async function judgeRichIos(ipa: string, dir: string): Promise<void> {
  const listed = await listIpa(ipa);
  await takeIpaApart(ipa, join(dir, 'ipa'));
  for (const path of ['PerryDemo', 'PlugIns/Share.appex/Share', 'Frameworks/Kit.framework/Kit']) {
    expect(listed.get(`Payload/PerryDemo.app/${path}`), path).toBe('-rwxr-xr-x');
    const info = await signatureInfo(join(dir, 'ipa/Payload/PerryDemo.app', path));
    expect(info, path).toContain(`CN=Apple Distribution: Perry Test (${TEAM})`);
    expect(info, path).toContain('signature_verifies: true');
  }
}

/** The macOS app of the demo, without a certificate. */
export const adHocJob = (materials: Materials): JobSubmission => {
  const { bundle, manifest } = materials.macJob();
  return { bundle, manifest, credentials: {} };
};

export async function judgeAdHoc(dmg: string, dir: string): Promise<void> {
  const volume = await takeDmgApart(dmg, join(dir, 'dmg'));
  const info = await signatureInfo(join(volume, NOTIFIER, 'MacOS/terminal-notifier'));
  expect(info).toMatch(/flags: CodeSignatureFlags\(.*ADHOC/);
}

/** The macOS app of the demo with a profile; one with `ProvisionsAllDevices` is for Developer ID, and permits an entitlement. */
export function profileJob(materials: Materials, keys: Readonly<Record<string, true>>): JobSubmission {
  const profile = materials.profileWith({
    platform: 'macos',
    bundleId: macDemoApp.bundleId,
    certificateDer: materials.developerId.certificateDer,
    entitlements: { [SHARING]: true },
    keys,
  });
  return materials.macJob({
    manifest: { entitlements: Object.keys(keys).length > 0 ? [SHARING] : [] },
    credentials: { provisioning_profile_base64: profile },
  });
}

export async function judgeProfile(dmg: string, dir: string): Promise<void> {
  const contents = join(await takeDmgApart(dmg, dir), NOTIFIER);
  const embedded = await readFile(join(contents, 'embedded.provisionprofile'));
  expect(embedded.includes('ProvisionsAllDevices')).toBe(true);
  const info = await signatureInfo(join(contents, 'MacOS/terminal-notifier'));
  expect(info).toContain(`<string>${TEAM}.${macDemoApp.bundleId}</string>`);
  expect(info).toContain(`<key>${SHARING}</key>`);
}
