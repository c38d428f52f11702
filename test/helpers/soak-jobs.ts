import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { credentialsOf, manifestOf, packTarGz, packZip, TEAM } from '../integration/materials.ts';
import { makeIosApp, makeMacApp } from './bundles.ts';
import { sharedIdentity } from './shared-identity.ts';

const app = { name: 'Hello', bundleId: 'com.example.hello', version: '1.2.3', shortVersion: '1.2.3' };
const DAY_MS = 86_400_000;

/** The smallest job that goes the whole way: one executable of a few kilobytes, signed ad hoc. */
export async function makeTinyMacJob(folder: string): Promise<JobSubmission> {
  await makeMacApp(folder);
  const bundle = await packTarGz(folder, [`${app.name}.app`], join(folder, 'bundle.tar.gz'));
  return { bundle, manifest: { ...manifestOf(app, 'macos-sign'), icon: null }, credentials: {} };
}

/** The smallest one with an identity and a provisioning profile. */
export async function makeTinyIosJob(folder: string): Promise<JobSubmission> {
  const payload = join(folder, 'zip', 'Payload');
  await mkdir(payload, { recursive: true });
  await makeIosApp(payload);
  const identity = sharedIdentity({
    commonName: `Apple Distribution: Perry Test (${TEAM})`,
    teamId: TEAM,
  });
  const profile = makeThrowawayProfile({
    bundleId: app.bundleId,
    teamId: TEAM,
    certificateDer: identity.certificateDer,
    platform: 'ios',
    expires: new Date(Date.now() + 30 * DAY_MS),
  });
  return {
    bundle: await packZip(join(folder, 'zip'), join(folder, 'bundle.zip')),
    manifest: { ...manifestOf({ ...app, version: '42' }, 'ios-sign'), icon: null },
    credentials: { ...credentialsOf(identity), provisioning_profile_base64: profile.toString('base64') },
  };
}
