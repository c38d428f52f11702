import type { NamedVariants } from '../icons/index.ts';

export type Platform = 'macos' | 'ios';
export type MacosDistribution = 'notarize' | 'appstore' | 'testflight' | 'both';
/** What an app that is distributed directly is packed in. */
export type MacosPackage = 'dmg' | 'pkg';
/** How often an app is submitted to Apple: for the ticket of its disk image alone, or for its own ticket before. */
export type Notarize = 'twice' | 'once';
export type IosDistribution = 'appstore' | 'testflight';
export type IosDevice = 'iphone' | 'ipad';

/**
 * What the signing worker uses of a job's manifest, checked. Fields of the other platform are left out:
 * the hub sends the `[macos]` settings with every job, and an iOS app must not get them.
 */
export interface Manifest {
  readonly platform: Platform;
  /** Name of the bundle folder and of the executable; may hold spaces and non-ASCII letters. */
  readonly appName: string;
  readonly bundleId: string;
  /** Build number for iOS and Mac App Store builds, the marketing version for other macOS builds. */
  readonly version: string;
  readonly shortVersion?: string;
  readonly displayName?: string;
  /** True when the project names an icon (its file is not part of the job). */
  readonly iconConfigured: boolean;
  /** Debug symbols (dSYMs) that come with the app are delivered beside the artifact. */
  readonly debugSymbols?: boolean;

  /** Of a build that goes to App Store Connect: what is done with it there, if anything was asked for. */
  readonly afterUpload?: AfterUpload;

  /** macOS only, e.g. `public.app-category.utilities`. */
  readonly category?: string;
  /** macOS only, e.g. `13.0`. */
  readonly minimumOsVersion?: string;
  /** macOS only: boolean entitlement keys that are to be true; empty for iOS. */
  readonly entitlements: readonly string[];
  readonly macosDistribute?: MacosDistribution;
  readonly macosEncryptionExempt?: boolean;
  /** macOS only; unset means: a disk image. The Mac App Store takes installer packages, whatever is said here. */
  readonly macosPackage?: MacosPackage;
  /** macOS only; unset means: as the worker is set up. */
  readonly notarize?: Notarize;

  /** iOS only; unset means: build only, publish nothing. */
  readonly iosDistribute?: IosDistribution;
  readonly iosDeploymentTarget?: string;
  /** iOS only; empty means both. */
  readonly iosDeviceFamily: readonly IosDevice[];
  /** iOS only; `push-notifications`, `camera`, `photo-library`, or an entitlement key. */
  readonly iosCapabilities: readonly string[];
  readonly iosEncryptionExempt?: boolean;
  /** iOS only: where in the project the dark and the tinted icon lie, as far as it has them. */
  readonly iconVariants: NamedVariants;
}

/** The key of notes for every locale that has none of its own. */
export const DEFAULT_NOTES = 'default';

/** Each of it begins with waiting until Apple has processed the build. */
export interface AfterUpload {
  /** Names of TestFlight groups that get the build, internal ones and external ones. */
  readonly groups: readonly string[];
  /** "What to test"; a text under `DEFAULT_NOTES` is for every locale that has none of its own. */
  readonly notes: Readonly<Record<string, string>>;
}
