import type { Failure } from './failure.ts';
import type { Conclusion, JobNote } from './job.ts';

/**
 * What arrives from the hub, already parsed. An assignment's token, URLs, manifest and credentials stay in the
 * vault under `assignmentId`; events carry the key only.
 */
export type HubMessage =
  | { type: 'jobAssigned'; jobId: string; assignmentId: string }
  | { type: 'jobMalformed'; jobId: string; assignmentId: string; failure: Failure }
  | { type: 'cancelRequested'; jobId: string }
  | { type: 'updateRequested' }
  | { type: 'authFailed' }
  | { type: 'unknown'; name: string };

/** What is said to the hub about a job. A conclusion is terminal: it is never dropped. */
export type HubReport =
  | { readonly kind: 'note'; readonly jobId: string; readonly note: JobNote }
  | {
      readonly kind: 'conclusion';
      readonly jobId: string;
      readonly assignmentId: string;
      readonly conclusion: Conclusion;
    };

/** What the hub-connection tells the supervisor. */
export type HubNews =
  | { type: 'hub.linkUp' }
  /**
   * `requeuedJobId`: the job that the hub gives to somebody else now (its last-assigned slot), if any; a guess,
   * because messages may have crossed. Each run asks the hub for itself when the link is back.
   */
  | { type: 'hub.linkLost'; reason: string; requeuedJobId: string | null }
  | { type: 'hub.refused' }
  | { type: 'hub.jobAssigned'; jobId: string; assignmentId: string }
  | { type: 'hub.jobMalformed'; jobId: string; assignmentId: string; failure: Failure }
  | { type: 'hub.cancelRequested'; jobId: string };
