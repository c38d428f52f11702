/**
 * A failure as plain data: what crosses every boundary (actor, hub, page, log) when something went wrong.
 * Errors are turned into this form where they are made; machines never hold an `Error`.
 */

/** Who must act: the job's sender, the operator of this host, Apple or the hub (wait and retry), or we. */
export type FailureKind = 'input' | 'host' | 'upstream' | 'defect';

export interface Failure {
  readonly kind: FailureKind;
  /** Registered in `src/errors.ts`, e.g. `P12_PASSWORD_WRONG`. */
  readonly code: string;
  /** One sentence: what went wrong, with the names and values. */
  readonly summary: string;
  /** One sentence: the fact that was seen. */
  readonly reason: string;
  /** One sentence: the one exact action that mends it. */
  readonly nextStep: string;
  /** True when the same input may succeed later without a change. */
  readonly retryable: boolean;
  /** What the other side asked us to wait before the next attempt. */
  readonly retryAfterMs?: number;
}

/** The sentence(s) shown to a person. */
export const renderFailure = (failure: Failure): string =>
  [failure.summary, failure.reason, failure.nextStep].filter((part) => part !== '').join(' ');

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'code' in value && 'summary' in value && 'kind' in value;

/**
 * Reads the failure out of anything that was thrown. What carries none is a defect of ours: its text stays in
 * the log (the text of an unknown error may hold a path or a secret) and is not part of the result.
 */
export function toFailure(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  const carried = (thrown as { failure?: unknown } | null | undefined)?.failure;
  if (isFailure(carried)) return carried;
  return {
    kind: 'defect',
    code: 'INTERNAL_ERROR',
    summary: 'The signing worker met an error that it does not know.',
    reason: 'The cause is in the log of the worker.',
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
    retryable: true,
  };
}
