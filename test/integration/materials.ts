import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import yazl from 'yazl';
import {
  iosDemoApp,
  macDemoApp,
  makeIosDemoBundle,
  makeMacDemoBundle,
} from '../../src/demo/bundles/index.ts';
import {
  makeThrowawayProfile,
  type ThrowawayIdentity,
  type ThrowawayProfileOptions,
} from '../../src/demo/throwaway-identity.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';

export const TEAM = 'TEST123456';
const DAY_MS = 86_400_000;
type Fields = Readonly<Record<string, unknown>>;

export interface JobChanges {
  readonly manifest?: Fields;
  readonly credentials?: Fields;
  readonly bundle?: string | Uint8Array;
}

/** What every test file makes once: two identities, a profile, the two demo bundles, and jobs made of them. */
export interface Materials {
  readonly folder: string;
  readonly developerId: ThrowawayIdentity;
  readonly distribution: ThrowawayIdentity;
  readonly installer: ThrowawayIdentity;
  /** For installer packages that are distributed directly. */
  readonly developerIdInstaller: ThrowawayIdentity;
  readonly profile: Buffer;
  macJob(changes?: JobChanges): JobSubmission;
  iosJob(changes?: JobChanges): JobSubmission;
  /** The macOS app for the store, or for the store and everywhere else. */
  macStoreJob(wish: 'appstore' | 'testflight' | 'both', changes?: JobChanges): JobSubmission;
  /** Pieces of the private keys, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  profileWith(options: Partial<ThrowawayProfileOptions>): string;
}

export async function makeMaterials(folder: string): Promise<Materials> {
  await mkdir(folder, { recursive: true });
  const macBundle = join(folder, 'mac.tar.gz');
  const iosBundle = join(folder, 'ios.zip');
  await Promise.all([makeMacDemoBundle(macBundle), makeIosDemoBundle(iosBundle)]);
  const developerId = sharedIdentity({
    commonName: `Developer ID Application: Perry Test (${TEAM})`,
    teamId: TEAM,
  });
  const distribution = sharedIdentity({
    commonName: `Apple Distribution: Perry Test (${TEAM})`,
    teamId: TEAM,
  });
  const installer = sharedIdentity({
    commonName: `3rd Party Mac Developer Installer: Perry Test (${TEAM})`,
    teamId: TEAM,
  });
  const developerIdInstaller = sharedIdentity({
    commonName: `Developer ID Installer: Perry Test (${TEAM})`,
    teamId: TEAM,
  });
  const profileOf = (options: Partial<ThrowawayProfileOptions> = {}) =>
    makeThrowawayProfile({
      bundleId: iosDemoApp.bundleId,
      teamId: TEAM,
      certificateDer: distribution.certificateDer,
      platform: 'ios',
      expires: new Date(Date.now() + 30 * DAY_MS),
      ...options,
    });
  const profile = profileOf();
  const iosCredentials = {
    ...credentialsOf(distribution),
    provisioning_profile_base64: profile.toString('base64'),
  };
  const macProfile = profileOf({ platform: 'macos', bundleId: macDemoApp.bundleId });
  const storeCredentials = {
    ...credentialsOf(distribution),
    provisioning_profile_base64: macProfile.toString('base64'),
    ...installerCredentials(installer),
  };
  const developerCredentials = {
    apple_notarize_certificate_p12_base64: developerId.p12.toString('base64'),
    apple_notarize_certificate_password: developerId.password,
  };
  return {
    folder,
    developerId,
    distribution,
    installer,
    developerIdInstaller,
    profile,
    secrets: {
      ...keyLines('Developer ID key', developerId),
      ...keyLines('distribution key', distribution),
      ...keyLines('installer key', installer),
      ...keyLines('Developer ID Installer key', developerIdInstaller),
    },
    macStoreJob: (wish, changes = {}) => ({
      bundle: changes.bundle ?? macBundle,
      manifest: {
        ...manifestOf(macDemoApp, 'macos-sign'),
        ...{ macos_distribute: wish, category: 'public.app-category.utilities' },
        ...changes.manifest,
      },
      credentials: {
        ...storeCredentials,
        ...(wish === 'both' && developerCredentials),
        ...changes.credentials,
      },
    }),
    profileWith: (options) => profileOf(options).toString('base64'),
    macJob: (changes = {}) => ({
      bundle: changes.bundle ?? macBundle,
      manifest: { ...manifestOf(macDemoApp, 'macos-sign'), ...changes.manifest },
      credentials: { ...credentialsOf(developerId), ...changes.credentials },
    }),
    iosJob: (changes = {}) => ({
      bundle: changes.bundle ?? iosBundle,
      manifest: { ...manifestOf(iosDemoApp, 'ios-sign'), ...changes.manifest },
      credentials: { ...iosCredentials, ...changes.credentials },
    }),
  };
}

const keyLines = (name: string, { privateKeyPem }: ThrowawayIdentity) => {
  const lines = privateKeyPem.split('\n');
  return { [`${name} 1`]: lines[4] ?? '', [`${name} 2`]: lines[12] ?? '' };
};

export const credentialsOf = ({ p12, password }: Pick<ThrowawayIdentity, 'p12' | 'password'>) => ({
  apple_team_id: TEAM,
  apple_certificate_p12_base64: p12.toString('base64'),
  apple_certificate_password: password,
});

export const installerCredentials = ({ p12, password }: Pick<ThrowawayIdentity, 'p12' | 'password'>) => ({
  apple_installer_certificate_p12_base64: p12.toString('base64'),
  apple_installer_certificate_password: password,
});

interface AppNames {
  readonly name: string;
  readonly bundleId: string;
  readonly version: string;
  readonly shortVersion: string;
}

export const manifestOf = (app: AppNames, target: string) => ({
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

/** A folder's content as the hub sends bundles for macOS. */
export async function packTarGz(folder: string, names: readonly string[], to: string): Promise<string> {
  await rm(to, { force: true });
  await create({ cwd: folder, file: to, gzip: true, portable: true }, [...names]);
  return to;
}

/** The same for iOS: a zip in which every file has lost its mode. */
export async function packZip(folder: string, to: string): Promise<string> {
  const zip = new yazl.ZipFile();
  for (const { path, type } of await listTree(folder)) {
    if (type === 'directory') zip.addEmptyDirectory(path, { mode: 0o40755 });
    else zip.addFile(join(folder, path), path, { mode: 0o100644 });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(to));
  return to;
}
