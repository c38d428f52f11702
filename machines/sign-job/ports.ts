import { port, type Recipient } from '../contracts/actors.ts';
import type { AdmittedJob, Artifact, BundleSummary, StepReport } from '../contracts/job.ts';

/** Every step knows its run, the assignment whose token is valid now, and whom to tell how far it is. */
export interface StepInput {
  readonly runId: string;
  readonly assignmentId: string;
  readonly reportTo: Recipient<StepReport>;
}

/** A step that needs the run's machine. */
export interface GuestStepInput extends StepInput {
  readonly vmName: string;
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
  downloadBundle: port<void, StepInput>('downloadBundle'),
  inspectBundle: port<BundleSummary, StepInput>('inspectBundle'),
  checkCredentials: port<void, StepInput>('checkCredentials'),
  drawIcons: port<void, StepInput>('drawIcons'),
  mergeInfoPlist: port<void, StepInput>('mergeInfoPlist'),
  embedProfile: port<void, StepInput>('embedProfile'),
  transferBundle: port<void, GuestStepInput>('transferBundle'),
  codesign: port<void, GuestStepInput>('codesign'),
  verifySignature: port<void, GuestStepInput>('verifySignature'),
  packageArtifact: port<Artifact, GuestStepInput>('packageArtifact'),
  checkArtifact: port<void, StepInput>('checkArtifact'),
  /** App Store Connect's id of an upload of the same build that an earlier run began; null when there is none. */
  findEarlierUpload: port<string | null, StepInput>('findEarlierUpload'),
  deliverArtifact: port<void, StepInput>('deliverArtifact'),
  /** Is the token of the assignment still good? */
  probeClaim: port<'open' | 'closed', StepInput>('probeClaim'),
  purgeRun: port<void, PurgeInput>('purgeRun'),
};

export type SignJobPorts = typeof signJobPorts;
