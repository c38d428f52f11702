import { type Failure, toFailure } from '../../machines/contracts/failure.ts';

/** `remark`: works, but the operator should know; `failed`: the daemon will not work, or not for long. */
export type Verdict = 'ok' | 'remark' | 'failed';

export interface Finding {
  readonly verdict: Verdict;
  /** What was seen; one sentence without a full stop. */
  readonly evidence: string;
  /** The one exact action that fixes it; with every verdict but `ok`. */
  readonly fix?: string;
}

/** One thing about this host, as a question that is answered with evidence. */
export interface Check {
  readonly question: string;
  /** May throw a `ShipError`, which is then the finding. Changes nothing on the host. */
  readonly ask: (signal: AbortSignal) => Promise<Finding>;
}

export interface Answer extends Finding {
  readonly question: string;
  /** Set when the finding is a failure of the registry. */
  readonly code?: string;
}

export const ok = (evidence: string): Finding => ({ verdict: 'ok', evidence });
export const remark = (evidence: string, fix: string): Finding => ({ verdict: 'remark', evidence, fix });
export const failed = (evidence: string, fix: string): Finding => ({ verdict: 'failed', evidence, fix });

/** @throws only the reason of the signal */
export async function answer({ question, ask }: Check, signal: AbortSignal): Promise<Answer> {
  try {
    return { question, ...(await ask(signal)) };
  } catch (error) {
    signal.throwIfAborted();
    return { question, ...failureAsFinding(toFailure(error)) };
  }
}

const failureAsFinding = ({ code, summary, reason, nextStep }: Failure) => ({
  code,
  ...failed([summary, reason].filter((part) => part !== '').join(' '), nextStep),
});
