import { nameOfApp } from '../../text.ts';
import type { MacosDistribution, MacosPackage } from './manifest.ts';

/** What is wanted of a bundle that comes from no hub, as its person has said it. */
export interface SigningWishes {
  readonly target?: 'macos-sign' | 'ios-sign';
  readonly distribute?: MacosDistribution;
  readonly bundleId?: string;
  /** What an app that is distributed directly is packed in. */
  readonly macosPackage?: MacosPackage;
  /** Debug symbols that come with the app are wanted as well. */
  readonly debugSymbols?: boolean;
  /** What follows the upload of a build. */
  readonly wait?: boolean;
  readonly testflightGroups?: readonly string[];
  /** A text, or texts by locale; as it was given. */
  readonly testflightNotes?: unknown;
}

/** What the Info.plist of such a bundle says. */
export interface BundleNames {
  readonly bundleId?: string;
  readonly version?: string;
  readonly shortVersion?: string;
}

export interface LocalBundleFacts {
  /** Names the bundle. */
  readonly path: string;
  readonly target: 'macos-sign' | 'ios-sign';
  readonly names: BundleNames;
}

const NUMBERS = /^\d+(\.\d+)*$/;

/** As a hub would send it. Names and versions are the bundle's own; what only a project knows stays out. */
export function localManifest({ path, target, names }: LocalBundleFacts, wishes: SigningWishes) {
  const { version, shortVersion } = names;
  const number = [version, shortVersion].find((text) => text !== undefined && NUMBERS.test(text));
  const distribute = target === 'ios-sign' ? 'ios_distribute' : 'macos_distribute';
  return {
    app_name: localAppName(path),
    bundle_id: wishes.bundleId ?? names.bundleId ?? 'unknown',
    version: number ?? '1',
    ...(shortVersion !== undefined && NUMBERS.test(shortVersion) && { short_version: shortVersion }),
    targets: [target],
    ...(wishes.distribute !== undefined && { [distribute]: wishes.distribute }),
    ...(wishes.macosPackage !== undefined && { macos_package: wishes.macosPackage }),
    ...(wishes.debugSymbols === true && { debug_symbols: true }),
    ...afterUpload(wishes),
  };
}

const afterUpload = ({ wait, testflightGroups, testflightNotes }: SigningWishes) => ({
  ...(wait !== undefined && { wait }),
  ...(testflightGroups !== undefined && { testflight_groups: testflightGroups }),
  ...(testflightNotes !== undefined && { testflight_notes: testflightNotes }),
});

/** The folder's name without `.app`, in the letters that a manifest allows. */
export const localAppName = (path: string): string =>
  nameOfApp(path)
    .replace(/\.app$/i, '')
    .replace(/[^\p{L}\p{M}\p{N} _-]+/gu, '-')
    .replace(/^[ -]+$/, '') || 'App';
