import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summarizeCredentials } from '../../src/domain/credentials/summarize.ts';
import type { NamedVariants } from '../../src/domain/icons/index.ts';
import type { Manifest } from '../../src/domain/manifest/index.ts';
import { type Destination, draftPlan, type SignPlan } from '../../src/domain/plan.ts';
import { findArchivedCode, surveyBundle } from '../../src/files/bundle/index.ts';
import { newDict, type PlistValue } from '../../src/formats/plist/index.ts';
import { type Finding, type PreflightInput, preflight } from '../../src/preflight/index.ts';
import {
  type AppleLike,
  type CertificateName,
  PASSWORD,
  type ProfileOptions,
} from '../helpers/apple-like.ts';
import { type AppOptions, makeIosApp, makeMacApp, makePng } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';

/** A job in short: what differs from a sound one. Without credentials only the bundle is looked at. */
export interface Job {
  readonly ios?: AppOptions;
  readonly mac?: AppOptions;
  readonly to?: Destination;
  readonly p12?: CertificateName | Buffer;
  readonly password?: string;
  readonly identityName?: string;
  readonly notarizeP12?: CertificateName;
  readonly installer?: CertificateName;
  readonly profile?: ProfileOptions | Buffer;
  readonly teamId?: string;
  readonly bundleId?: string;
  readonly entitlements?: Readonly<Record<string, PlistValue>>;
  readonly keys?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly iconVariants?: NamedVariants;
  readonly now?: Date;
  readonly trusted?: boolean;
}

export const ORIENTATIONS = ['Portrait', 'PortraitUpsideDown', 'LandscapeLeft', 'LandscapeRight'].map(
  (name) => `UIInterfaceOrientation${name}`,
);

let icon: Buffer | undefined;
export const storeIcon = async (): Promise<Buffer> => (icon ??= await makePng(1024, 1024, { alpha: false }));

/** An iOS app that the App Store would take. */
export async function storeIosApp(dir: string, options: AppOptions = {}): Promise<string> {
  return makeIosApp(dir, {
    executable: buildMachO({ platform: 'ios', minimumOs: '17.0', sdk: '26.1' }),
    ...options,
    info: {
      UIRequiredDeviceCapabilities: ['arm64'],
      'UISupportedInterfaceOrientations~ipad': ORIENTATIONS,
      ITSAppUsesNonExemptEncryption: false,
      ...options.info,
    },
    files: withoutNothing({ 'Icon-1024.png': await storeIcon(), ...options.files }),
  });
}

/** A macOS app that every destination would take. */
export async function soundMacApp(dir: string, options: AppOptions = {}): Promise<string> {
  return makeMacApp(dir, {
    ...options,
    files: withoutNothing({ 'Contents/Resources/AppIcon.png': await storeIcon(), ...options.files }),
  });
}

/** An empty text takes a file away. */
const withoutNothing = (files: Record<string, Buffer | string>): Record<string, Buffer | string> =>
  Object.fromEntries(Object.entries(files).filter(([, content]) => content !== ''));

export async function inputOf(job: Job, apple: AppleLike, dir: string): Promise<PreflightInput> {
  const target = job.mac ? 'macos-sign' : 'ios-sign';
  const appPath = await (job.mac ? soundMacApp(dir, job.mac) : storeIosApp(dir, job.ios));
  const { signal } = new AbortController();
  const expected = job.bundleId === undefined ? {} : { expectedBundleId: job.bundleId };
  const bundle = await surveyBundle(appPath, { target, signal, ...expected });
  const scratchDir = join(dir, 'scratch');
  const survey = { ...bundle, archivedCode: await findArchivedCode(appPath, bundle, { scratchDir, signal }) };
  const credentials = credentialsOf(job, apple);
  return {
    target,
    distribution: job.to ?? 'package',
    survey,
    ...(Object.keys(credentials).length > 0 && {
      credentials,
      passes: passesTo(target, job.to ?? 'package', credentials),
    }),
    wishes: {
      entitlements: job.keys ?? [],
      capabilities: job.capabilities ?? [],
      ...(job.iconVariants && { iconVariants: job.iconVariants }),
      ...(job.entitlements && { explicitEntitlements: newDict(Object.entries(job.entitlements)) }),
    },
    trustRoots: job.trusted === false ? [] : apple.roots,
    wantsInstaller: true,
    now: job.now ?? new Date(),
  };
}

/** As a job that asks for this destination is planned. */
export function passesTo(
  target: PreflightInput['target'],
  to: Destination,
  credentials: NonNullable<PreflightInput['credentials']>,
): SignPlan['passes'] {
  const platform = target === 'ios-sign' ? 'ios' : 'macos';
  const wish = to === 'package' ? undefined : to;
  const manifest = { platform, macosDistribute: wish, iosDistribute: wish } as Manifest;
  return draftPlan(manifest, summarizeCredentials(credentials)).passes;
}

function credentialsOf(job: Job, apple: AppleLike): NonNullable<PreflightInput['credentials']> {
  const supplied = (p12: CertificateName | Buffer) => ({
    p12: Buffer.isBuffer(p12) ? p12 : apple.p12(p12),
    password: job.password ?? PASSWORD,
  });
  return {
    ...(job.p12 && {
      main: { ...supplied(job.p12), ...(job.identityName && { signingIdentity: job.identityName }) },
    }),
    ...(job.notarizeP12 && { notarize: supplied(job.notarizeP12) }),
    ...(job.installer && { installer: supplied(job.installer) }),
    ...(job.profile && {
      profile: Buffer.isBuffer(job.profile) ? job.profile : apple.profile(job.profile),
    }),
    ...(job.teamId && { teamId: job.teamId }),
  };
}

export async function findingsOf(job: Job, apple: AppleLike): Promise<Finding[]> {
  const dir = await mkdtemp(join(tmpdir(), 'preflight-test-'));
  try {
    return preflight(await inputOf(job, apple, dir));
  } finally {
    await rm(dir, { recursive: true });
  }
}
