import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';

export const HUB_SECRET = 'bench-worker-secret';

/** What the bench asks of the hub's process. */
export type HubQuestion =
  | { readonly ask: 'untilWorker' }
  | { readonly ask: 'runJob'; readonly submission: JobSubmission & { readonly bundle: string } };

export interface HubAddresses {
  readonly webSocketUrl: string;
  /** `GET /bundle?path=` gives a file as base64 text, `POST /artifact` takes one back and checks its digest. */
  readonly plainUrl: string;
}

/** Times are milliseconds since the epoch, with fractions. */
export interface JobRun {
  readonly jobId: string;
  readonly assignedAtMs: number;
  readonly completedAtMs: number;
  /** Empty when the job succeeded. */
  readonly error: string;
}
