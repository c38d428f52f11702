import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeThrowawayIdentity, makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { apps, type Kind } from './bundles.ts';

const TEAM_ID = 'BENCH12345';
const DAY_MS = 86_400_000;

/** What both sides sign with: the same identity, profile and entitlements. */
export interface SigningKit {
  readonly manifest: JobSubmission['manifest'];
  readonly credentials: JobSubmission['credentials'];
  /** For the script: certificate and key in one file. */
  readonly pemFile: string;
  readonly entitlementsFile: string;
  /** iOS only. */
  readonly profileFile?: string;
}

export async function makeKit(kind: Kind, folder: string): Promise<SigningKit> {
  await mkdir(folder, { recursive: true });
  const role = kind === 'macos' ? 'Developer ID Application' : 'Apple Distribution';
  const identity = makeThrowawayIdentity({ commonName: `${role}: Bench (${TEAM_ID})`, teamId: TEAM_ID });
  const profile = kind === 'ios' ? profileFor(identity.certificateDer) : undefined;
  const pemFile = await kept(folder, 'identity.pem', identity.certificatePem + identity.privateKeyPem);
  return {
    manifest: manifestOf(kind),
    credentials: {
      apple_team_id: TEAM_ID,
      apple_certificate_p12_base64: identity.p12.toString('base64'),
      apple_certificate_password: identity.password,
      ...(profile && { provisioning_profile_base64: profile.toString('base64') }),
    },
    pemFile,
    entitlementsFile: await kept(folder, 'entitlements.xml', entitlementsOf(kind)),
    ...(profile && { profileFile: await kept(folder, 'embedded.mobileprovision', profile) }),
  };
}

async function kept(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
}

const profileFor = (certificateDer: Buffer): Buffer =>
  makeThrowawayProfile({
    bundleId: apps.ios.bundleId,
    teamId: TEAM_ID,
    certificateDer,
    platform: 'ios',
    expires: new Date(Date.now() + 30 * DAY_MS),
  });

function manifestOf(kind: Kind): JobSubmission['manifest'] {
  const { name, bundleId, version, shortVersion } = apps[kind];
  return {
    app_name: name,
    bundle_id: bundleId,
    version,
    short_version: shortVersion,
    entry: 'src/main.ts',
    icon: null,
    targets: [`${kind}-sign`],
    category: null,
    minimum_os_version: null,
    entitlements: null,
  };
}

const entitlementsOf = (kind: Kind): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>${
  kind === 'macos'
    ? '<key>com.apple.security.cs.allow-jit</key><true/>'
    : `<key>application-identifier</key><string>${TEAM_ID}.${apps.ios.bundleId}</string>`
}</dict></plist>
`;
