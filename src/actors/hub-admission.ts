import type { Failure } from '../../machines/contracts/failure.ts';
import { lineFull } from '../../machines/supervisor/failures.ts';
import { mostWaiting } from '../../machines/supervisor/limits.ts';
import { ShipError } from '../errors.ts';
import type { Services } from '../run/services.ts';

/** Frames of all jobs that are here, with their certificates and profiles; real ones have some 10 KB. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Whether there is room for a job, decided when its frame comes in and before anything of it is read: of a flood nothing
 * is kept but the ids that have to be answered.
 */
export interface Admission {
  /**
   * @returns why this one is not taken; `undefined` when it may come in. An assignment of a job that is here already
   * always may: it brings the token that the job needs from now on
   */
  enter(assignmentId: string, jobId: string, sizeBytes: number): Failure | undefined;
  /** The frame was read: from here on the vault holds what is left of it. */
  leave(assignmentId: string): void;
}

/** Counts what waits to be read, beside what the vault holds. */
export function createAdmission({ vault, config }: Pick<Services, 'vault' | 'config'>): Admission {
  const mostJobs = config.maxConcurrent + mostWaiting(config.maxConcurrent);
  const waiting = new Map<string, { jobId: string; sizeBytes: number }>();
  const jobs = new Map<string, number>();
  let waitingBytes = 0;
  const count = (jobId: string, more: 1 | -1, sizeBytes: number) => {
    waitingBytes += more * sizeBytes;
    const left = (jobs.get(jobId) ?? 0) + more;
    if (left > 0) jobs.set(jobId, left);
    else jobs.delete(jobId);
  };
  const refusal = (jobId: string, sizeBytes: number): Failure | undefined => {
    if (jobs.has(jobId) || vault.holds(jobId)) return undefined;
    if (jobs.size + vault.heldJobs >= mostJobs) return lineFull;
    return waitingBytes + vault.heldBytes + sizeBytes > MAX_HELD_BYTES ? noRoom.failure : undefined;
  };
  return {
    enter: (assignmentId, jobId, sizeBytes) => {
      const failure = refusal(jobId, sizeBytes);
      if (failure) return failure;
      waiting.set(assignmentId, { jobId, sizeBytes });
      count(jobId, 1, sizeBytes);
      return undefined;
    },
    leave: (assignmentId) => {
      const entered = waiting.get(assignmentId);
      if (!entered) return;
      waiting.delete(assignmentId);
      count(entered.jobId, -1, entered.sizeBytes);
    },
  };
}

const noRoom = new ShipError('QUEUE_FULL', {
  summary: 'The signing worker has no room for this job.',
  reason: 'The certificates and profiles of the jobs that wait here are as large as they may be.',
  nextStep: 'Send the job again in some minutes; if it stays so, add a worker.',
});
