import type { PlistFormat } from '../../formats/plist/index.ts';

export type BundlePlatform = 'macos' | 'ios';

/** The Xcode and SDK that made the bundle, as its Info.plist says; null for what it does not. */
export interface BuiltWith {
  /** DTXcode, e.g. `1540`. */
  readonly xcode: string | null;
  /** DTXcodeBuild, e.g. `15F31d`. */
  readonly xcodeBuild: string | null;
  /** DTSDKName, e.g. `macosx14.5`. */
  readonly sdk: string | null;
  /** DTPlatformVersion, e.g. `14.5`. */
  readonly platformVersion: string | null;
}

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
  /** Left out where Info.plist says nothing of it. */
  readonly builtWith?: BuiltWith;
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
  /** All code that is signed. */
  readonly machOs: readonly MachOFile[];
  /**
   * What rcodesign would take for code or for a bundle and Apple's codesign takes for resources: folders with an
   * Info.plist and no program, and files that only begin like Mach-O. Sealed as they are.
   */
  readonly exclusions: readonly string[];
  /** Of `machOs`: what lies in an excluded folder, and is signed before the bundle and not with it. */
  readonly signedFirst: readonly string[];
  /** What the Finder left beside `Contents`, icons of folders and AppleDouble files (`._…`): it is taken out. */
  readonly finderLeftovers: readonly string[];
  /** Files that lie where only code may lie (macOS); rcodesign leaves them out of the seal. */
  readonly strayFiles: readonly string[];
  readonly hasAssetsCar: boolean;
  /** The icon that Info.plist names (`AppIcon` when it names none) is not in its `Assets.car`, or nobody can read that. */
  readonly lacksCatalogIcon: boolean;
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
  /** CFBundleIdentifier of the Info.plist inside the file: the name under which it is to be signed. */
  readonly embeddedId?: string;
  /** Where in the file a linker left room for signatures, with nothing in it. */
  readonly emptyRooms?: readonly number[];
}

export type NestedKind = 'app' | 'appex' | 'xpc' | 'framework' | 'plugin' | 'bundle' | 'other';

export interface NestedBundle {
  /** e.g. `Contents/Frameworks/Sparkle.framework`. */
  readonly path: string;
  readonly kind: NestedKind;
  /** The folder below `Versions/`, for a versioned framework. */
  readonly frameworkVersion?: string;
  readonly infoPlist: string;
  /** Empty for resources without one. */
  readonly bundleId: string;
  /** What the Info.plist lacks and codesign assumes; rcodesign has to be told. */
  readonly assumed?: Readonly<Partial<Record<'CFBundleIdentifier' | 'CFBundleExecutable', string>>>;
  /** Absent when it holds resources only. */
  readonly executable?: string;
  readonly executableKind?: 'macho' | 'script';
  readonly shortVersion?: string;
  readonly version?: string;
  readonly embeddedProfile?: string;
}
