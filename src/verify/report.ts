import type { ProfileKind } from '../domain/profile/index.ts';
import type { CatalogFacts } from '../formats/asset-catalog/read/describe.ts';
import type { Anchor } from '../formats/code-signature/certificates.ts';

export type ArtifactKind = 'app' | 'ipa' | 'zip' | 'dmg' | 'pkg' | 'mach-o';

/** Everything that was found out about one artifact; survives JSON, and its fields keep their names. */
export interface ArtifactReport {
  /** True when there are no findings. */
  readonly ok: boolean;
  readonly kind: ArtifactKind;
  /** File or folder name. */
  readonly name: string;
  /** Of the file; of all files together for a folder. */
  readonly sizeBytes: number;
  /** Of the file; a folder has none. */
  readonly sha256?: string;
  /** What does not hold. */
  readonly findings: readonly ArtifactFinding[];
  /** What holds, but may surprise. */
  readonly warnings: readonly string[];
  /** Of the file itself, one for each architecture; those of apps inside are in `apps`. */
  readonly signatures: readonly SignatureSummary[];
  /** Absent when nothing can be stapled to this kind of file. */
  readonly stapledTicket?: boolean;
  readonly image?: ImageSummary;
  readonly package?: PackageSummary;
  readonly apps: readonly AppSummary[];
}

export interface ArtifactFinding {
  readonly code: string;
  /** From the top of the artifact, `/` between the parts; empty for the artifact itself. */
  readonly path: string;
  readonly message: string;
}

/** What one signature says. Times are ISO 8601, digests lower-case hex. */
export interface SignatureSummary {
  /** Absent for disk images. */
  readonly architecture?: string;
  readonly identifier: string;
  readonly cdHash: string;
  readonly digests: readonly string[];
  readonly flags: readonly string[];
  readonly adHoc: boolean;
  readonly hardenedRuntime: boolean;
  readonly runtimeVersion?: string;
  readonly teamId?: string;
  readonly signer?: SignerSummary;
  /** Entitlements as JSON: data is base64, dates are ISO 8601. */
  readonly entitlements?: Readonly<Record<string, unknown>>;
}

export interface SignerSummary {
  readonly name: string;
  readonly teamId?: string;
  readonly issuer: string;
  readonly notAfter: string;
  readonly certificateSha256: string;
  /** Where the chain of certificates ends. */
  readonly anchor: Anchor;
  /** What the signer claims. */
  readonly signedAt?: string;
  /** What a time-stamp authority confirms. */
  readonly timestamp?: string;
}

export interface AppSummary {
  /** Path in the artifact; the folder name for an app by itself. */
  readonly path: string;
  readonly platform: 'macos' | 'ios';
  readonly bundleId?: string;
  readonly displayName?: string;
  readonly version?: string;
  readonly shortVersion?: string;
  readonly minimumOs?: string;
  /** ITSAppUsesNonExemptEncryption. */
  readonly usesNonExemptEncryption?: boolean;
  readonly architectures: readonly string[];
  readonly signatures: readonly SignatureSummary[];
  readonly stapledTicket: boolean;
  readonly profile?: ProfileSummary;
  /** All other code in the app, innermost first. */
  readonly nested: readonly NestedSummary[];
  readonly catalogs: readonly CatalogSummary[];
  readonly fileCount: number;
  readonly sizeBytes: number;
}

/** A compiled asset catalog. */
export interface CatalogSummary extends CatalogFacts {
  /** Of the file in the app. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface NestedSummary {
  /** Path of the Mach-O file in the app. */
  readonly path: string;
  readonly signatures: readonly SignatureSummary[];
}

export interface ProfileSummary {
  readonly name: string;
  readonly uuid: string;
  readonly kind: ProfileKind;
  readonly platforms: readonly string[];
  readonly teamIds: readonly string[];
  readonly applicationIdentifier: string;
  readonly expiresAt: string;
  /** Whether Apple signed the profile, and whether that signature holds. */
  readonly signature: 'trusted' | 'untrusted' | 'changed' | 'broken';
  readonly certificateCount: number;
  readonly deviceCount?: number;
}

export interface ImageSummary {
  readonly volumeName: string;
  readonly fileSystem: string;
  readonly volumeBytes: number;
}

export interface PackageSummary {
  readonly title?: string;
  readonly parts: readonly { readonly identifier: string; readonly version: string }[];
  /** What it installs, as its description says. */
  readonly bundles: readonly {
    readonly path: string;
    readonly bundleId: string;
    readonly shortVersion: string;
    readonly version: string;
  }[];
  readonly paths: readonly string[];
  readonly checksum: string;
  readonly tableDigest?: string;
  readonly signer?: SignerSummary;
}
