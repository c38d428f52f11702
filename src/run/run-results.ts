import type { Artifact } from '../../machines/contracts/job.ts';
import type { StoreAccess, StoreBuild, UploadPart } from '../adapters/app-store-connect/index.ts';
import type { SignatureFacts } from '../audit/facts.ts';
import type { BundleSurvey } from '../domain/bundle/index.ts';
import type { Credentials } from '../domain/credentials/index.ts';
import type { IconKeys } from '../domain/icons/index.ts';
import type { SigningIdentity } from '../domain/identity/index.ts';
import type { AfterUpload, Manifest } from '../domain/manifest/index.ts';
import type { SignPlan } from '../domain/plan.ts';
import type { FoundBundle } from '../files/archive/find-bundle.ts';
import type { BundleFacts } from '../files/bundle/index.ts';
import type { ResourceDigests } from '../files/code-signature/resource-digests.ts';
import type { IconSetArt } from '../files/icons/index.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import type { EarlyTransfer } from './early-transfer.ts';
import type { HeldUpload } from './held-upload.ts';
import type { PartialDmg } from './partial-dmg.ts';
import type { PartialIpa } from './partial-ipa.ts';

/**
 * What the steps of one run have made so far, as far as it is too large, or too secret, for a statechart.
 * Each step fills in its own part and finds the parts of those before it.
 */
export interface RunResults {
  readonly runId: string;
  readonly jobId: string;
  /** Private folder of this run (0700); everything that it writes on this host is below. */
  readonly dir: string;
  /** As it was sent. */
  readonly sentManifest: unknown;
  manifest?: Manifest;
  /** Of a finished file: what the store is told of it, and what is to follow the upload. */
  finished?: FinishedBuild;
  /** A finished app that a ticket is attached to. */
  finishedApp?: { readonly appPath: string; readonly executablePath: string };
  /** Secret. */
  credentials?: Credentials;
  plan?: SignPlan;
  unpackedBytes?: number;
  /** The app on its way into the guest, from its unpacking to the first transfer. */
  earlyTransfer?: EarlyTransfer;
  /** Files of the archive that begin like data, as they were unpacked; until the bundle is inspected. */
  dataFiles?: ReadonlySet<string>;
  /** What came in, as it came. */
  received?: NonNullable<SignatureFacts['received']>;
  found?: FoundBundle;
  facts?: BundleFacts;
  /** Until the credentials are checked. */
  survey?: BundleSurvey;
  /** A file that was given for this very signature, in the place of what lies in the bundle. */
  entitlements?: PlistDict;
  /** What a person wants of a macOS app in the place of an image. */
  format?: 'app' | 'zip';
  /** Secret: what each pass of the plan signs with. */
  materials?: readonly SigningMaterial[];
  icons?: IconKeys;
  /** What the icon is compiled of, when it is to be. */
  iconArt?: IconSetArt;
  /** The same as a catalog for actool, on this host. */
  catalogPath?: string;
  /** Absolute path of the bundle in the guest. */
  guestAppPath?: string;
  /** Absolute path of the folder in the guest that hdiutil makes the disk image of; the bundle was moved into it. */
  guestVolumePath?: string;
  /** Begun while the guest signs. */
  partialIpa?: PartialIpa;
  partialDmg?: PartialDmg;
  /** Taken while the guest signs. */
  resourceDigests?: ResourceDigests;
  /** Secret: the way into App Store Connect, and the addresses of the parts of the file. */
  store?: { readonly access: StoreAccess; readonly parts: readonly UploadPart[] };
  /** The upload that began while the artifact is checked. */
  heldUpload?: HeldUpload;
  /** Of each pass, by its number: what was found when the signed app was read back. */
  signed?: Map<number, NonNullable<SignatureFacts['signed']>>;
  /** How the artifact was made, for its receiver; where that is wanted. */
  provenance?: MadeArtifact;
  /** What came with the app for debuggers, once it is packed. */
  debugSymbols?: MadeArtifact;
  /** By name. */
  readonly artifacts: Map<string, MadeArtifact>;
  /** The disk image, or the package that is notarized, as it was signed, in the guest. */
  guestImagePath?: string;
}

export interface FinishedBuild {
  readonly build: StoreBuild;
  /** ITSAppUsesNonExemptEncryption of its Info.plist, where that was read. */
  readonly usesNonExemptEncryption?: boolean;
  readonly afterUpload?: AfterUpload;
}

export interface SigningMaterial {
  /** Absent for an ad hoc signature. */
  readonly identity?: SigningIdentity;
  readonly entitlements: PlistDict;
  /** Signs the installer package, where one is made. */
  readonly installer?: SigningIdentity;
}

export interface MadeArtifact extends Artifact {
  readonly path: string;
  /** A notarization ticket was attached here. */
  readonly stapled?: boolean;
}

/** Name of a job that no hub has named. */
export const LOCAL_JOB_ID = 'local';

type Part = Exclude<keyof RunResults, 'runId' | 'jobId' | 'dir' | 'sentManifest' | 'artifacts'>;

/** A part that an earlier step has put there; the order of the statechart guarantees it. */
export function need<P extends Part>(results: RunResults, part: P): NonNullable<RunResults[P]> {
  const value = results[part];
  if (value === undefined || value === null) throw new Error(`the run has no ${part} yet`);
  return value as NonNullable<RunResults[P]>;
}

export function artifactNamed({ artifacts }: RunResults, name: string): MadeArtifact {
  const artifact = artifacts.get(name);
  if (!artifact) throw new Error(`the run has made no ${name} yet`);
  return artifact;
}
