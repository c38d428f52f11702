import { livePort, port, type Recipient } from '../contracts/actors.ts';
import type {
  AdmittedJob,
  Artifact,
  BundleSummary,
  CompiledAssets,
  DrawnIcons,
  MadeBy,
  RecalledArtifact,
  StepReport,
  Toolchain,
  UsedCredential,
} from '../contracts/job.ts';

/** Every step knows its run, the assignment whose token is valid now, and whom to tell how far it is. */
export interface StepInput {
  readonly runId: string;
  readonly assignmentId: string;
  /** Which pass of the plan the step is about, counted from 0. */
  readonly pass: number;
  readonly reportTo: Recipient<StepReport>;
}

/** A step that needs the run's machine. */
export interface GuestStepInput extends StepInput {
  readonly vmName: string;
  /** What it can do; null until it was asked. */
  readonly toolchain: Toolchain | null;
}

/** What is known here of the artifact that is about to leave. */
export interface RecordInput extends GuestStepInput {
  readonly jobId: string;
  readonly image: string;
  readonly artifact: Artifact;
  readonly madeBy: MadeBy;
  /** It goes to the sender of the job as it is: nothing is attached to it any more. */
  readonly isDelivered: boolean;
}

export interface PurgeInput {
  readonly runId: string;
  readonly assignmentIds: readonly string[];
  /** The assignment whose token is kept until the hub has confirmed the conclusion. */
  readonly awaitsReceipt: string | null;
}

/** The effects of one run. What is large or secret stays behind the port, under `runId`. */
export const signJobPorts = {
  admitJob: port<AdmittedJob, StepInput>('admitJob'),
  /**
   * Gives the job to a process of its own. Rejects when there is none, or when the job cannot be done as its credentials
   * are.
   */
  openRun: port<AdmittedJob, StepInput>('openRun'),
  /** Tells when the process has ended without being asked to. */
  watchRun: livePort<{ type: 'never' }, { readonly runId: string }>('watchRun'),
  /** Ends a process that takes up too much memory. */
  measureRun: port<void, { readonly runId: string }>('measureRun'),
  /** Sends what it unpacks into the machine, as far as that is ready. */
  downloadBundle: port<void, GuestStepInput>('downloadBundle'),
  inspectBundle: port<BundleSummary, StepInput>('inspectBundle'),
  /** For the operator, who is told when one is about to expire; the chart keeps nothing of it. */
  checkCredentials: port<{ readonly used: readonly UsedCredential[] }, StepInput>('checkCredentials'),
  /** What a previous process made of the same job and may have submitted; null when there is none. */
  recallArtifact: port<RecalledArtifact | null, StepInput>('recallArtifact'),
  drawIcons: port<DrawnIcons, StepInput>('drawIcons'),
  mergeInfoPlist: port<void, StepInput>('mergeInfoPlist'),
  /** Logs the process of the run into the machine, unless it is; one attempt. */
  enterGuest: port<void, GuestStepInput>('enterGuest'),
  /** Asks the guest; refuses a plan that it lacks the tools for. */
  learnToolchain: port<Toolchain, GuestStepInput>('learnToolchain'),
  /** By actool. Puts the catalog into the bundle; what Info.plist has to say about it is merged after that. */
  compileAssets: port<CompiledAssets, GuestStepInput>('compileAssets'),
  /** The same without Apple's tools, on this host. */
  compileIcon: port<void, StepInput>('compileIcon'),
  /** The bundle as it is before its first signature: kept for later passes, or taken back by one. */
  layOutBundle: port<void, StepInput>('layOutBundle'),
  embedProfile: port<void, StepInput>('embedProfile'),
  transferBundle: port<void, GuestStepInput>('transferBundle'),
  codesign: port<void, GuestStepInput>('codesign'),
  /** Only what signing makes; refuses what a guest has changed beside that. */
  takeSignatures: port<void, GuestStepInput>('takeSignatures'),
  verifySignature: port<void, GuestStepInput>('verifySignature'),
  packageArtifact: port<Artifact, GuestStepInput>('packageArtifact'),
  /**
   * Enters the artifact in the account of signatures, on the disk when it resolves. Rejects when that cannot be: then
   * nothing may leave. Answers with what it has entered.
   */
  recordSignature: port<Artifact, RecordInput>('recordSignature'),
  checkArtifact: port<void, StepInput>('checkArtifact'),
  /** Keeps what is about to be submitted for the time after a restart; `acceptedAs` is what Apple accepted before it. */
  keepArtifact: port<void, StepInput & { readonly acceptedAs: readonly string[] }>('keepArtifact'),
  /** Takes the signed app out of the artifact, where it is nowhere else. */
  restoreApp: port<void, StepInput>('restoreApp'),
  /** The machine gets what it lacks of the app: its ticket, or all of it when it is another machine. */
  updateBundle: port<void, GuestStepInput>('updateBundle'),
  /** Rejects when the guest says that a ticket does not hold; whatever else goes wrong is no opinion. */
  validateStaple: port<void, GuestStepInput>('validateStaple'),
  /** App Store Connect's id of an upload of the same build that an earlier run began; null when there is none. */
  findEarlierUpload: port<string | null, StepInput>('findEarlierUpload'),
  /** The same as `deliverArtifact`, but the last bytes are held back until `releaseDelivery`. */
  deliverAhead: port<void, StepInput>('deliverAhead'),
  /** The artifact is good: the last bytes of an upload that was begun ahead may leave. */
  releaseDelivery: port<void, StepInput>('releaseDelivery'),
  deliverArtifact: port<void, StepInput>('deliverArtifact'),
  /** Is the token of the assignment still good? */
  probeClaim: port<'open' | 'closed', StepInput>('probeClaim'),
  purgeRun: port<void, PurgeInput>('purgeRun'),
};
