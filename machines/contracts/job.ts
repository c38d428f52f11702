import type { Failure } from './failure.ts';

export type SignTarget = 'macos-sign' | 'ios-sign';

/** What the user at the other end sees of a job's way; the hub relays these names as they are. */
export type Stage =
  | 'extracting'
  | 'generating_assets'
  | 'signing'
  | 'packaging'
  | 'notarizing'
  | 'publishing'
  | 'uploading';

/** What an accepted assignment asks for, as far as it decides the way of the run. Holds no secret. */
export interface AdmittedJob {
  readonly target: SignTarget;
  readonly appName: string;
  /** What the machines can do, as far as it is known before one is there. */
  readonly toolchain: Toolchain | null;
  /** In this order; each signs a fresh copy of the bundle. */
  readonly passes: readonly AdmittedPass[];
  /** What testers need of a build that goes to App Store Connect; null when nothing was asked for. */
  readonly afterUpload: AfterUpload | null;
}

/** After the wait until Apple has processed the build; names and texts stay behind the ports. */
export interface AfterUpload {
  /** "What to test" is written. */
  readonly hasNotes: boolean;
  /** TestFlight groups get the build. */
  readonly hasGroups: boolean;
}

/** `xcode` is a macOS guest with Apple's tools, `portable` any guest that has rcodesign. */
export type Toolchain = 'xcode' | 'portable';

/** One signature over the whole app, and what becomes of its artifact. */
export interface AdmittedPass {
  readonly embedsProfile: boolean;
  /**
   * What carries Apple's ticket in the end, in this order, each after a submission of its own; empty without
   * notarization. When the app has got its ticket, the artifact is made anew with it.
   */
  readonly staples: readonly ('image' | 'app')[];
  /** Its artifact goes to App Store Connect. */
  readonly publishes: boolean;
  /** Its artifact goes to the sender of the job: that of exactly one pass does. */
  readonly delivers: boolean;
}

/** What a submission to Apple is about: what gets the ticket, by the name that a person has for it. */
export function subjectNamed(
  artifactName: string,
  staple: AdmittedPass['staples'][number] | undefined,
): string {
  if (staple === 'app') return 'app';
  if (artifactName.endsWith('.pkg')) return 'installer package';
  return artifactName.endsWith('.dmg') ? 'disk image' : 'app';
}

/** What drawing the icon has left to do. */
export interface DrawnIcons {
  /** There is an icon to compile, and the bundle has no catalog that is compiled. */
  readonly hasCatalog: boolean;
}

/** What actool came to. */
export interface CompiledAssets {
  /** The bundle has a catalog that its Info.plist does not name yet; false when actool did not make one. */
  readonly isCompiled: boolean;
}

export interface BundleSummary {
  /** Folder name with `.app`. */
  readonly folderName: string;
  readonly bundleId: string;
  readonly unpackedBytes: number;
}

/** What a job signs with, of what ends one day. */
export interface UsedCredential {
  readonly kind: 'certificate' | 'profile';
  /** As Apple's account shows it. */
  readonly name: string;
  readonly expiresAtMs: number;
}

export interface Artifact {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

/** Where an artifact comes from that is about to leave. */
export type MadeBy =
  /** The app was signed and packed. */
  | 'packed'
  /** It was packed once more, with Apple's ticket in it, and signed. */
  | 'packedAnew'
  /** Apple's ticket was attached to it. */
  | 'stapled'
  /** It was made before a restart. */
  | 'recalled';

/** An artifact that was made before a restart. */
export interface RecalledArtifact {
  readonly artifact: Artifact;
  /** Apple's ids of the submissions that it accepted on the way to this artifact, in their order. */
  readonly acceptedAs: readonly string[];
}

/** What a run says on its way. */
export type JobNote =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly message: string }
  | { readonly kind: 'progress'; readonly stage: Stage; readonly percent: number }
  | { readonly kind: 'log'; readonly stage: Stage; readonly line: string }
  | { readonly kind: 'published'; readonly platform: 'macos' | 'ios'; readonly message: string }
  | { readonly kind: 'queued'; readonly position: number };

/** The one answer to an assignment. */
export type Conclusion =
  | { readonly outcome: 'succeeded'; readonly artifact: Artifact }
  | {
      /**
       * `returned`: stopped by the end of this worker before anything of it had left this host; the hub is given it
       * back, and where that cannot be, the failure is said.
       */
      readonly outcome: 'failed' | 'cancelled' | 'returned';
      readonly failure: Failure;
      readonly stage: Stage | null;
    };

/** What a sign-job tells its owner. */
export type JobReport =
  | { type: 'job.awaitingSlot'; runId: string }
  /** The link was lost, and the hub counts the job as ours still. */
  | { type: 'job.claimConfirmed'; runId: string; jobId: string }
  /** The hub took the job back; it is waited for, in case that it comes to us again. */
  | { type: 'job.awaitingReassignment'; runId: string }
  | { type: 'job.noted'; runId: string; jobId: string; note: JobNote }
  | { type: 'job.concluded'; runId: string; jobId: string; assignmentId: string; conclusion: Conclusion }
  /** The hub gave the job to somebody else: nothing is reported, and this run can adopt nothing any more. */
  | { type: 'job.dropped'; runId: string; jobId: string };

/** What a step tells the sign-job while it works. */
export type StepReport =
  | { type: 'step.progressed'; percent: number }
  | { type: 'step.logged'; line: string }
  /** A transfer is under way: some of it has left since the last time. */
  | { type: 'step.moved' }
  /** All of it has left this process; the system may still hold some of it. */
  | { type: 'step.sent' };

export interface JobOutput {
  readonly runId: string;
  readonly jobId: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'dropped';
  readonly failure: Failure | null;
  /** The machine that the run had, or would have had. */
  readonly vmName: string;
  /** Name of the clone that could not be deleted, if any. */
  readonly leakedVm: string | null;
  /** Apple's ids: of the submissions that it accepted, of the upload and of the build that it has. */
  readonly atApple: AppleIds;
}

export interface AppleIds {
  readonly submissionIds: readonly string[];
  readonly uploadId: string | null;
  readonly buildId: string | null;
}
