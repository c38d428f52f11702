import type { Failure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';

export interface StoreUploadInput {
  readonly runId: string;
  /** What is uploaded; lies behind the ports under `runId`. */
  readonly artifact: Artifact;
  /** An upload of the same build that was begun before a restart. */
  readonly uploadId: string | null;
  /** TestFlight groups are to get the build: their names are checked before anything is sent. */
  readonly namesGroups: boolean;
}

export interface StoreUploadOutput {
  readonly outcome: 'published' | 'failed';
  /** False when Apple was still processing at the deadline. */
  readonly processed: boolean;
  readonly uploadId: string | null;
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}

export interface StoreUploadContext extends StoreUploadInput {
  /** An upload of this build was begun before a restart; it may have got further than is known. */
  readonly isRecalled: boolean;
  readonly appId: string | null;
  readonly fileId: string | null;
  readonly fileReservations: number;
  readonly commits: number;
  readonly remainingParts: readonly number[];
  readonly attempts: number;
  readonly polls: number;
  /** Answers by which Apple still waits for the file that was committed. */
  readonly staleAnswers: number;
  readonly retryAfterMs: number | null;
  /** Why Apple did not want the commit, when it said so. */
  readonly commitRefusal: Failure | null;
  readonly processed: boolean;
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}
