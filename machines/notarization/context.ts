import type { Recipient } from '../contracts/actors.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';
import type { LogFindings, NotarizationReport, StapleTarget, UploadNews, Verdict } from './ports.ts';

export interface NotarizationInput {
  readonly runId: string;
  /** What Apple is shown; lies behind the ports under `runId`. */
  readonly artifact: Artifact;
  /** What is stapled when Apple has accepted it, in this order. */
  readonly staples: readonly StapleTarget[];
  readonly owner: Recipient<NotarizationReport>;
}

export interface NotarizationOutput {
  readonly outcome: 'succeeded' | 'rejected' | 'failed';
  readonly submissionId: string | null;
  readonly verdict: Verdict | null;
  /** Apple's findings, one line each; warnings also when accepted. */
  readonly issues: readonly string[];
  /** As it is now: stapling an image changes its size and digest. */
  readonly artifact: Artifact;
  readonly stapled: readonly StapleTarget[];
  /** Null when succeeded. */
  readonly failure: Failure | null;
}

export interface NotarizationContext extends NotarizationInput {
  /** The artifact as it was submitted: what Apple and the journal know. */
  readonly submitted: Artifact;
  readonly submissionId: string | null;
  /** A submission that the journal or Apple's list knew, not one made by this machine. */
  readonly isRecalled: boolean;
  /** A submission whose file never arrived, and which a new one takes the place of. */
  readonly replaces: string | null;
  /** Submissions made since the process began. */
  readonly submissions: number;
  /** At the present question. */
  readonly attempts: number;
  readonly unknownAnswers: number;
  readonly retryAfterMs: number | null;
  readonly lastFailure: Failure | null;
  readonly verdict: Verdict | null;
  readonly log: LogFindings | null;
  readonly stapled: readonly StapleTarget[];
  readonly failure: Failure | null;
}

export type NotarizationEvent = UploadNews;
