import type { ShipError } from '../../errors.ts';
import type { MachOFacts } from '../../formats/macho/index.ts';
import type { PlistDict } from '../../formats/plist/index.ts';
import type { BundleFacts, BundlePlatform, NestedBundle } from './facts.ts';
import type { PrivacyManifestFault } from './privacy-manifest.ts';

/** How a bundle is laid out: `deep` has everything below `Contents/` (macOS), `flat` has it at the top (iOS). */
export interface Layout {
  readonly layout: 'deep' | 'flat';
  readonly infoPlist: string;
  readonly resources: string;
  readonly executableFolder: string;
}

/** A Mach-O file and which of the system's frameworks it is linked with. */
export interface CodeFile extends MachOFacts {
  /** e.g. `['UIKit', 'Photos']`. */
  readonly frameworks: readonly string[];
  /** Objective-C classes that it takes from libraries; absent when its symbols do not tell. */
  readonly importedClasses?: ReadonlySet<string>;
  /** See `MachOFile.embeddedId`. */
  readonly embeddedId?: string;
  /** Libraries of the Swift runtime that it looks for beside itself, e.g. `libswiftCore.dylib`. */
  readonly swiftLibraries: readonly string[];
}

/** A Mach-O file inside of an archive of the bundle. */
export interface ArchivedCode extends Pick<MachOFacts, 'slices'> {
  /** Through the archives, e.g. `Contents/Resources/a.jar/mac/libx.dylib`. */
  readonly path: string;
  /** Of what the notary service wants of code that is not signed here; empty when it has all of it. */
  readonly lacks: readonly ArchivedCodeLack[];
}

/** An ad hoc signature is none; the hardened runtime is wanted of programs. */
export type ArchivedCodeLack = 'signature' | 'time stamp' | 'hardened runtime';

export interface ArchivedCodeScan {
  readonly code: readonly ArchivedCode[];
  /** Archives that could not be read to their end. */
  readonly unread: readonly string[];
}

/** A `PrivacyInfo.xcprivacy` that has faults. */
export interface PrivacyManifest {
  readonly path: string;
  readonly faults: readonly PrivacyManifestFault[];
}

/** What is wrong with a compiled asset catalog. */
export interface CatalogFault {
  readonly path: string;
  /**
   * The catalog as a whole (`empty` has no byte), or the icon that Info.plist names (`AppIcon` when it names none): it is not there, its
   * picture for the store does not decode, or has transparent pixels.
   */
  readonly what:
    | 'empty'
    | 'unreadable'
    | 'icon missing'
    | 'icon unreadable'
    | 'icon transparent'
    | 'icon too small';
  /** One sentence; empty where there is nothing to add. */
  readonly reason: string;
  /** True for the catalog that the system takes the icon of the app from. */
  readonly isOfApp: boolean;
}

/** A picture that an app icon can be drawn from; without a size when it is no PNG. */
export interface Picture {
  readonly path: string;
  readonly size?: { readonly width: number; readonly height: number };
  /** Why no icon can be drawn from it. */
  readonly fault?: string;
  /** It has an alpha channel, transparent or not. */
  readonly hasAlpha: boolean;
}

/**
 * Everything that reading a bundle tells, also when it is broken: as far as it could be read, and every reason why
 * it cannot be signed. Paths are relative to the bundle.
 */
export interface BundleSurvey {
  readonly platform: BundlePlatform;
  /** In the order in which they were met; none when `facts` is there. */
  readonly faults: readonly ShipError[];
  /** Absent when there is a fault. */
  readonly facts?: BundleFacts;
  readonly layout?: Layout;
  readonly info?: PlistDict;
  readonly bundleId?: string;
  readonly executable?: string;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly links: readonly string[];
  /** Links that lead nowhere. */
  readonly danglingLinks: readonly string[];
  /** Files that somebody may execute, by their mode. */
  readonly executableFiles: ReadonlySet<string>;
  /** Names of the items at the top. */
  readonly topItems: readonly string[];
  readonly code: ReadonlyMap<string, CodeFile>;
  readonly scripts: ReadonlySet<string>;
  readonly nested: readonly NestedBundle[];
  /** By `NestedBundle.infoPlist`. */
  readonly nestedInfo: ReadonlyMap<string, PlistDict>;
  /** Files that lie where only code may lie (macOS). */
  readonly strayFiles: readonly string[];
  /** Items beside `Contents`, or at the top of a versioned framework, that no seal covers (macOS). */
  readonly unsealedItems: readonly string[];
  /** See `BundleFacts`, as the following. */
  readonly exclusions: readonly string[];
  readonly finderLeftovers: readonly string[];
  readonly hasAssetsCar: boolean;
  /** That of the app first; empty when all catalogs are sound, as far as they can be read. */
  readonly catalogFaults: readonly CatalogFault[];
  readonly pictures: readonly Picture[];
  /** Types of the entries of the `.icns` that CFBundleIconFile names, e.g. `ic10`. */
  readonly icnsTypes?: readonly string[];
  /** Content of the provisioning profiles of nested bundles, by path. */
  readonly nestedProfiles: ReadonlyMap<string, Buffer>;
  /** What the compiler left beside the program for signing (`app.entitlements`). */
  readonly sidecar?: PlistDict;
  /** What programs were signed with before, by path of the executable. */
  readonly existingEntitlements: ReadonlyMap<string, PlistDict>;
  /** Those with faults. */
  readonly privacyManifests: readonly PrivacyManifest[];
  /** Absent when nobody has looked into archives. */
  readonly archivedCode?: ArchivedCodeScan;
  /**
   * Originals of the Swift runtime for the App Store, by platform and name (`iphoneos/libswiftCore.dylib`), and whether
   * each is as Apple signed it; absent where the app has none. `isMade`: none came along, those of the app are taken.
   */
  readonly swiftSupport?: { readonly libraries: ReadonlyMap<string, boolean>; readonly isMade: boolean };
  /** Sentences about what could not be looked into, and is no fault. */
  readonly remarks: readonly string[];
}
