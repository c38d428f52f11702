import * as z from 'zod';
import type { AdmittedJob, Artifact, RecalledArtifact } from '../../../machines/contracts/job.ts';
import type { TakenFile } from '../../../machines/lone-file/machine.ts';
import type { NotaryInput, StapleTarget, SubmissionInput } from '../../../machines/notarization/ports.ts';
import { signatureFacts } from '../../audit/facts.ts';
import { type InquiryInputs, inquiryAnswers } from './inquiries.ts';
import { errorOfReceived, failureOfReceived, receivedFailure } from './received-failure.ts';
import type { FileSetup, GuestAccess, RunSetup, StepCall } from './run-setup.ts';

const LONGEST_TEXT = 64 * 1024;
const text = z.string().max(LONGEST_TEXT);
const name = z.string().min(1).max(1_024);
const count = z.int().nonnegative();
const nothing = z.unknown().transform((): void => {});
const waitMs = z.number().nonnegative().max(86_400_000).nullable();

const artifact = z.object({
  name: z.string().regex(/^[^/\0]{1,255}$/),
  sizeBytes: count,
  sha256Hex: z.string().regex(/^[0-9a-f]{64}$/),
});
/** Under which an artifact is kept until its job is over, if it is. */
const keptAs = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable();
const remarks = z.array(text).max(1_000).readonly();
const submission = z.object({ submissionId: name });
const recalled = z.object({
  artifact,
  acceptedAs: z.array(name).max(1).readonly(),
}) satisfies z.ZodType<RecalledArtifact>;
const pass = z.object({
  embedsProfile: z.boolean(),
  staples: z
    .array(z.enum(['image', 'app']))
    .max(2)
    .readonly(),
  publishes: z.boolean(),
  delivers: z.boolean(),
});
const afterUpload = z.object({ hasNotes: z.boolean(), hasGroups: z.boolean() }).nullable();
const taken = z.object({
  artifact,
  platform: z.enum(['macos', 'ios']),
  staples: z
    .array(z.enum(['image', 'app']))
    .max(1)
    .readonly(),
  isStapled: z.boolean(),
  isInPlace: z.boolean(),
  uploadId: name.nullable(),
  afterUpload,
  remarks,
}) satisfies z.ZodType<TakenFile>;
const admitted = z.object({
  target: z.enum(['macos-sign', 'ios-sign']),
  appName: text,
  toolchain: z.enum(['xcode', 'portable']).nullable(),
  passes: z.array(pass).min(1).max(2).readonly(),
  afterUpload,
}) satisfies z.ZodType<AdmittedJob>;

/** What each port answers; only that gets into a statechart. */
export const answers = {
  /** The job with the plan in full: it may depend on what is in the provisioning profile. */
  beginRun: admitted,
  /** A finished file in the place of a job. */
  beginFile: taken,
  connectGuest: nothing,
  ...inquiryAnswers,
  // the steps of the sign-job
  downloadBundle: nothing,
  inspectBundle: z.object({ folderName: text, bundleId: text, unpackedBytes: count }),
  checkCredentials: z.object({
    used: z
      .array(z.object({ kind: z.enum(['certificate', 'profile']), name: text, expiresAtMs: z.number() }))
      .max(16)
      .readonly(),
  }),
  recallArtifact: z.object({ recalled: recalled.nullable(), keptAs }),
  drawIcons: z.object({ hasCatalog: z.boolean() }),
  mergeInfoPlist: nothing,
  learnToolchain: z.object({
    toolchain: z.enum(['xcode', 'portable']),
    refusal: receivedFailure.transform((refusal) => errorOfReceived(refusal)).nullable(),
  }),
  compileAssets: z.object({ isCompiled: z.boolean() }),
  compileIcon: nothing,
  layOutBundle: nothing,
  embedProfile: nothing,
  transferBundle: nothing,
  codesign: nothing,
  takeSignatures: nothing,
  verifySignature: nothing,
  packageArtifact: artifact,
  describeSignature: z.object({ facts: signatureFacts }),
  keepProvenance: nothing,
  checkArtifact: nothing,
  keepArtifact: z.object({ keptAs }),
  restoreApp: nothing,
  updateBundle: nothing,
  validateStaple: nothing,
  findEarlierUpload: text.nullable(),
  deliverAhead: nothing,
  releaseDelivery: nothing,
  deliverArtifact: nothing,
  // notarization
  findSubmission: z.object({ submissionId: name, isUploaded: z.boolean() }).nullable(),
  submitArtifact: submission,
  seekSubmission: submission.nullable(),
  recordSubmission: nothing,
  forgetSubmission: nothing,
  uploadArtifact: nothing,
  askVerdict: z.enum(['accepted', 'invalid', 'rejected', 'inProgress']),
  fetchLog: z.object({
    issues: z.array(text).max(1_000).readonly(),
    errorCount: count,
    advice: text,
    summary: text,
    isForeign: z.boolean(),
  }),
  fetchTicket: nothing,
  stapleTicket: artifact,
  // App Store Connect
  findApp: name,
  reserveUpload: name,
  recordUpload: nothing,
  reserveFile: z.object({ fileId: name, parts: z.array(count).max(100_000).readonly() }),
  sendParts: z.object({
    missing: z.array(count).max(100_000).readonly(),
    hasExpired: z.boolean(),
    retryAfterMs: waitMs,
  }),
  commitFile: nothing,
  askUpload: z.object({
    state: z.enum(['awaitingUpload', 'processing', 'complete', 'failed']),
    failure: receivedFailure.transform(failureOfReceived).nullable(),
    remarks,
  }),
  findOwnBuild: z.enum(['none', 'processing', 'valid']),
  checkGroups: nothing,
  // TestFlight
  askBuild: z.object({
    state: z.enum(['none', 'processing', 'valid', 'refused']),
    buildId: name.nullable(),
    compliance: z.enum(['answered', 'declared', 'open']),
    failure: receivedFailure.transform(failureOfReceived).nullable(),
  }),
  answerCompliance: nothing,
  writeNotes: nothing,
  joinGroups: z.object({ remarks, needsReview: z.boolean() }),
  requestReview: z.object({ remarks }),
} as const satisfies Record<string, z.ZodType>;

export type PortName = keyof typeof answers;
export type AnswerOf<P extends PortName> = z.output<(typeof answers)[P]>;

/** As the process of the run makes it; texts are freed from secrets before they leave. */
export type SaidBy<P extends PortName> = z.input<(typeof answers)[P]>;

/** An effect of the store-upload; `uploadId` and others where its state knows them. */
export interface StoreCall {
  readonly artifact: Artifact;
  readonly appId?: string;
  readonly uploadId?: string;
  readonly fileId?: string;
  readonly parts?: readonly number[];
}

/** An effect of what follows the upload. */
type BuildCall = StoreCall & { readonly buildId: string };
type NotaryCall = Omit<NotaryInput, 'runId'>;
type SubmissionCall = Omit<SubmissionInput, 'runId'>;

/** What ports are asked with that are no plain steps. */
interface OtherInputs extends InquiryInputs {
  readonly beginRun: RunSetup;
  readonly beginFile: FileSetup;
  readonly connectGuest: GuestAccess;
  readonly keepArtifact: StepCall & Pick<RecalledArtifact, 'acceptedAs'>;
  readonly keepProvenance: StepCall & { readonly name: string; readonly text: string };
  readonly findSubmission: NotaryCall;
  readonly submitArtifact: NotaryCall & { readonly replaces: string | null };
  readonly seekSubmission: NotaryCall;
  readonly recordSubmission: SubmissionCall & { readonly phase: 'uploaded' | 'concluded' };
  readonly forgetSubmission: SubmissionCall;
  readonly uploadArtifact: SubmissionCall;
  readonly askVerdict: SubmissionCall;
  readonly fetchLog: SubmissionCall;
  readonly fetchTicket: NotaryCall & { readonly target: StapleTarget };
  readonly stapleTicket: NotaryCall & { readonly target: StapleTarget };
  readonly findApp: StoreCall;
  readonly reserveUpload: StoreCall & { readonly appId: string };
  readonly recordUpload: StoreCall & { readonly uploadId: string };
  readonly reserveFile: StoreCall & { readonly uploadId: string };
  readonly sendParts: StoreCall & { readonly parts: readonly number[] };
  readonly commitFile: StoreCall & { readonly uploadId: string; readonly fileId: string };
  readonly askUpload: StoreCall & { readonly uploadId: string };
  readonly findOwnBuild: StoreCall;
  readonly checkGroups: StoreCall;
  readonly askBuild: StoreCall;
  readonly answerCompliance: BuildCall;
  readonly writeNotes: BuildCall;
  readonly joinGroups: BuildCall;
  readonly requestReview: BuildCall;
}

export type InputOf<P extends PortName> = P extends keyof OtherInputs ? OtherInputs[P] : StepCall;
