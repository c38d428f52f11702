import type { PlistFormat } from '../plist/index.ts';

export type BundlePlatform = 'macos' | 'ios';

/**
 * What a bundle is, found out without running or changing anything of it. Plain data that survives JSON; every path
 * is relative to the bundle, with `/` between the parts.
 */
export interface BundleFacts {
  readonly platform: BundlePlatform;
  /** `deep` has everything below `Contents/` (macOS), `flat` has it at the top (iOS). */
  readonly layout: 'deep' | 'flat';
  readonly bundleId: string;
  /** CFBundleShortVersionString and CFBundleVersion, where they are strings. */
  readonly shortVersion?: string;
  readonly version?: string;
  readonly infoPlist: string;
  readonly infoFormat: PlistFormat;
  /** `Contents/Resources`, or the empty string (the top) in a flat bundle; the folder may be missing. */
  readonly resources: string;
  readonly executable: string;
  /**
   * `script` when it begins with `#!` (macOS only). Apple's codesign signs such a program by extended attributes;
   * rcodesign 0.29.0 refuses it: exit 1, `binary parsing error: Invalid magic number: 0x23212f62`.
   */
  readonly executableKind: 'macho' | 'script';
  /** Of the main executable, e.g. `['x86_64', 'arm64']`; empty for a script. */
  readonly architectures: readonly string[];
  /** Lowest system that the main executable was linked for, e.g. `13.0`. */
  readonly minimumOs?: string;
  /** UIDeviceFamily: 1 iPhone, 2 iPad. */
  readonly deviceFamilies: readonly number[];
  /** Longest path first: the order in which they are signed. */
  readonly nested: readonly NestedBundle[];
  readonly machOs: readonly MachOFile[];
  /** Files that lie where only code may lie (macOS); rcodesign leaves them out of the seal. */
  readonly strayFiles: readonly string[];
  readonly hasAssetsCar: boolean;
  /** True when the input carries a `_CodeSignature` that will be replaced. */
  readonly wasSigned: boolean;
  /** A provisioning profile that came with the input. */
  readonly embeddedProfile?: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export interface MachOFile {
  readonly path: string;
  readonly fileType: string;
  readonly architectures: readonly string[];
}

export type NestedKind = 'app' | 'appex' | 'xpc' | 'framework' | 'plugin' | 'bundle' | 'other';

export interface NestedBundle {
  /** e.g. `Contents/Frameworks/Sparkle.framework`. */
  readonly path: string;
  readonly kind: NestedKind;
  /** The folder below `Versions/`, for a versioned framework. */
  readonly frameworkVersion?: string;
  readonly infoPlist: string;
  readonly bundleId: string;
  /** Absent when it holds resources only. */
  readonly executable?: string;
  readonly executableKind?: 'macho' | 'script';
  readonly shortVersion?: string;
  readonly version?: string;
  readonly embeddedProfile?: string;
}
