import type { JobRecord, JobResult, RecordedFailure } from '../../history/record.ts';

type Kind = RecordedFailure['kind'];

/** Whose turn it is after a failure. */
const WHO: Readonly<Record<Kind, string>> = {
  input: 'The sender of the job has to change something.',
  host: 'Something on this host has to change: that is for its operator.',
  upstream: 'Somebody else’s service did not do its part.',
  defect: 'This is a defect of perry-ship: please report it.',
};

/** Where nobody’s mistake ended the job. */
const NOBODY: Readonly<Partial<Record<JobResult, string>>> = {
  cancelled: 'Somebody cancelled it; nothing has to change.',
  returned: 'The hub hands the job out again by itself; nothing has to change.',
  dropped: 'The hub handed the job to another worker; nothing has to change.',
  interrupted: 'Nothing is wrong with the job: the logs of this host may say why the daemon ended.',
};

/** Why a job ended as it did. */
export interface EndSaid {
  /** Null where the result has said it. */
  readonly summary: string | null;
  readonly reason: string;
  readonly nextStep: string | null;
  readonly whoseTurn: string;
}

export function endSaid(result: JobResult, failure: RecordedFailure): EndSaid {
  const { summary, reason, nextStep, kind } = failure;
  return {
    summary: result === 'cancelled' ? null : summary,
    reason,
    // what its texts advise is for the hub, which does so by itself
    nextStep: result === 'returned' || result === 'dropped' ? null : nextStep,
    whoseTurn: NOBODY[result] ?? WHO[kind],
  };
}

/** In a line of a list. */
export const causeSaid = ({ result, failure }: Pick<JobRecord, 'result' | 'failure'>): string =>
  failure && result !== 'cancelled' ? `${failure.code}: ${failure.summary}` : '';
