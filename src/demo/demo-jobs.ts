import { join } from 'node:path';
import type { EmbeddedHub } from '../embedded-hub/embedded-hub.ts';
import { iosDemoApp, makeIosDemoBundle } from './bundles/ios-app.ts';
import { macDemoApp, makeMacDemoBundle } from './bundles/mac-app.ts';
import { makeThrowawayIdentity, makeThrowawayProfile } from './throwaway-identity.ts';

const TEAM_ID = 'DEMO123456';
const DAY_MS = 86_400_000;

export interface DemoJob {
  readonly label: string;
  readonly jobId: string;
}

/** Hands the hub one macOS and one iOS job, each with a signing identity that was made a moment ago. */
export async function submitDemoJobs(hub: EmbeddedHub, folder: string): Promise<readonly DemoJob[]> {
  const [macosJob, iosJob] = await Promise.all([macosSubmission(folder), iosSubmission(folder)]);
  return [
    { label: 'macos', jobId: await hub.submitJob(macosJob) },
    { label: 'ios', jobId: await hub.submitJob(iosJob) },
  ];
}

async function macosSubmission(folder: string) {
  const bundle = join(folder, 'macos-bundle.tar.gz');
  await makeMacDemoBundle(bundle);
  const identity = makeThrowawayIdentity({
    commonName: `Developer ID Application: Perry Demo (${TEAM_ID})`,
    teamId: TEAM_ID,
  });
  return { bundle, manifest: manifestOf(macDemoApp, 'macos-sign'), credentials: credentialsOf(identity) };
}

async function iosSubmission(folder: string) {
  const bundle = join(folder, 'ios-bundle.zip');
  await makeIosDemoBundle(bundle);
  const identity = makeThrowawayIdentity({
    commonName: `Apple Distribution: Perry Demo (${TEAM_ID})`,
    teamId: TEAM_ID,
  });
  const profile = makeThrowawayProfile({
    bundleId: iosDemoApp.bundleId,
    teamId: TEAM_ID,
    certificateDer: identity.certificateDer,
    platform: 'ios',
    expires: new Date(Date.now() + 30 * DAY_MS),
  });
  const credentials = {
    ...credentialsOf(identity),
    provisioning_profile_base64: profile.toString('base64'),
  };
  return { bundle, manifest: manifestOf(iosDemoApp, 'ios-sign'), credentials };
}

const credentialsOf = (identity: { p12: Buffer; password: string }) => ({
  apple_team_id: TEAM_ID,
  apple_certificate_p12_base64: identity.p12.toString('base64'),
  apple_certificate_password: identity.password,
});

interface DemoApp {
  readonly name: string;
  readonly bundleId: string;
  readonly version: string;
  readonly shortVersion: string;
}

const manifestOf = (app: DemoApp, target: string) => ({
  app_name: app.name,
  bundle_id: app.bundleId,
  version: app.version,
  short_version: app.shortVersion,
  entry: 'src/main.ts',
  icon: 'assets/icon.png',
  targets: [target],
  category: null,
  minimum_os_version: null,
  entitlements: null,
});
