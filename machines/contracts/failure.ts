import {
  type Audience,
  forAudience,
  type Said,
  type Sentences,
  say,
  type Text,
  TRY_AGAIN_OR_REPORT,
} from './wording.ts';

/**
 * A failure as plain data: what crosses every boundary (actor, hub, page, log) when something went wrong.
 * Errors are turned into this form where they are made; machines never hold an `Error`.
 */

/** Who must act: the job's sender, the operator of this host, Apple or the hub (wait and retry), or we. */
export type FailureKind = 'input' | 'host' | 'upstream' | 'defect';

/**
 * The sentences: what went wrong, with the names and values · the fact that was seen · the one exact action that fixes
 * it.
 */
export interface Failure extends Said {
  readonly kind: FailureKind;
  /** Registered in `src/failure-codes.ts`, e.g. `P12_PASSWORD_WRONG`. */
  readonly code: string;
  /** True when the same input may succeed later without a change. */
  readonly retryable: boolean;
  /** What the other side asked us to wait before the next attempt. */
  readonly retryAfterMs?: number;
}

/** The sentence(s) shown to a person. */
export function renderFailure(failure: Said, audience: Audience = 'hub'): string {
  const { summary, reason, nextStep } = forAudience(failure, audience);
  return [summary, reason, nextStep].filter((part) => part !== '').join(' ');
}

/** A failure whose sentences differ by who reads them. */
export const failureOf = ({
  summary,
  reason,
  nextStep,
  ...facts
}: Omit<Failure, keyof Said> & Sentences<Text>): Failure => ({
  ...facts,
  ...say({ summary, reason, nextStep }),
});

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'code' in value && 'summary' in value && 'kind' in value;

/** Wherever a disk turns out to be full: the operator can fix it, and trying again at once is of no use. */
const DISK_FULL: Failure = {
  kind: 'host',
  code: 'DISK_FULL',
  ...say({
    summary: 'The disk is full.',
    reason: 'The system had no room for a file of perry-ship.',
    nextStep: 'Free space on the disks of the state directory and of the temporary files, then try again.',
  }),
  retryable: false,
};

const MAX_CAUSES = 4;

function isOfFullDisk(thrown: unknown, depth = 0): boolean {
  if (typeof thrown !== 'object' || thrown === null || depth > MAX_CAUSES) return false;
  const { code, cause } = thrown as { readonly code?: unknown; readonly cause?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || isOfFullDisk(cause, depth + 1);
}

/**
 * Reads the failure out of anything that was thrown. What carries none is a defect of ours: its text stays in
 * the log (the text of an unknown error may hold a path or a secret) and is not part of the result.
 */
export function toFailure(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  const carried = (thrown as { failure?: unknown } | null | undefined)?.failure;
  if (isFailure(carried)) return carried;
  if (isOfFullDisk(thrown)) return DISK_FULL;
  return {
    kind: 'defect',
    code: 'INTERNAL_ERROR',
    ...say({
      summary: 'perry-ship met an error that it does not know.',
      reason: 'The cause is in its log.',
      nextStep: TRY_AGAIN_OR_REPORT,
    }),
    retryable: true,
  };
}
