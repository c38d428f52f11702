import { port, type Recipient } from '../contracts/actors.ts';
import type { Artifact, StepReport } from '../contracts/job.ts';

export type Verdict = 'accepted' | 'invalid' | 'rejected';

/** What gets a ticket: the artifact itself (a signed disk image), or the app bundle that lies beside it. */
export type StapleTarget = 'image' | 'app';

/** Every effect knows the run, under which what is secret or large lies behind the port, and the exact artifact. */
export interface NotaryInput {
  readonly runId: string;
  readonly artifact: Artifact;
}

export interface SubmissionInput extends NotaryInput {
  readonly submissionId: string;
}

/** What the journal knows of a digest. `isUploaded` is false when nobody knows whether the file arrived. */
export interface KnownSubmission {
  readonly submissionId: string;
  readonly isUploaded: boolean;
}

/** Apple's findings, rendered: one line for each issue, and what to do about the first. */
export interface LogFindings {
  readonly issues: readonly string[];
  readonly errorCount: number;
  /** Empty when nothing special is known. */
  readonly advice: string;
  readonly summary: string;
  /** The log names another digest than that of the artifact. */
  readonly isForeign: boolean;
}

export const notarizationPorts = {
  /** Asks the journal; null when the digest was never submitted. */
  findSubmission: port<KnownSubmission | null, NotaryInput>('findSubmission'),
  /**
   * Announces the artifact and writes Apple's id to the journal, in one turn that no other run of the digest gets
   * between; the permission to upload stays behind the port. Refuses with NOTARY_ALREADY_SUBMITTED when the journal
   * knows of another submission of the digest than the one that this one takes the place of.
   */
  submitArtifact: port<{ readonly submissionId: string }, NotaryInput & { readonly replaces: string | null }>(
    'submitArtifact',
  ),
  /** After a lost answer: a submission of this very artifact that has its verdict, in Apple's list. */
  seekSubmission: port<{ readonly submissionId: string } | null, NotaryInput>('seekSubmission'),
  recordSubmission: port<void, SubmissionInput & { readonly phase: 'uploaded' | 'concluded' }>(
    'recordSubmission',
  ),
  forgetSubmission: port<void, SubmissionInput>('forgetSubmission'),
  /** One attempt to store the file with the permission of the newest submission. */
  uploadArtifact: port<void, SubmissionInput & { readonly reportTo: Recipient<UploadNews> }>(
    'uploadArtifact',
  ),
  askVerdict: port<Verdict | 'inProgress', SubmissionInput>('askVerdict'),
  fetchLog: port<LogFindings, SubmissionInput>('fetchLog'),
  /** The ticket stays behind the port until it is stapled. */
  fetchTicket: port<void, NotaryInput & { readonly target: StapleTarget }>('fetchTicket'),
  /** Returns the artifact as it is now; stapling an image changes its size and digest. */
  stapleTicket: port<Artifact, NotaryInput & { readonly target: StapleTarget }>('stapleTicket'),
};

/** What the upload tells while it runs: at least every few MiB. */
export interface UploadNews {
  readonly type: 'upload.progressed';
  readonly sentBytes: number;
}

/** What a notarization tells its owner. */
export type NotarizationReport = StepReport | SubmissionReport;

/** Apple has the file under this id, and goes on with it whatever becomes of us. */
export interface SubmissionReport {
  readonly type: 'submission.received';
  readonly submissionId: string;
}
