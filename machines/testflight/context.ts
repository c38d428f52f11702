import type { Failure } from '../contracts/failure.ts';
import type { AfterUpload } from '../contracts/job.ts';
import type { RunInput } from './ports.ts';

export interface TestflightInput extends RunInput {
  readonly wishes: AfterUpload;
}

export interface TestflightOutput {
  readonly outcome: 'ready' | 'failed';
  readonly buildId: string | null;
  readonly remarks: readonly string[];
  /** Null when everything that was asked for is done. */
  readonly failure: Failure | null;
}

export interface TestflightContext extends TestflightInput {
  readonly buildId: string | null;
  /** At the present step. */
  readonly attempts: number;
  readonly polls: number;
  readonly retryAfterMs: number | null;
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}
