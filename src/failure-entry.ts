import type { FailureKind } from '../machines/contracts/failure.ts';

/** One failure code: who must act, whether the same input may succeed later, and what it means. */
export interface CodeEntry {
  readonly kind: FailureKind;
  readonly retryable: boolean;
  /** One line for the table in `src/errors.md`. */
  readonly meaning: string;
}

export const input = (meaning: string): CodeEntry => ({ kind: 'input', retryable: false, meaning });
export const host = (meaning: string): CodeEntry => ({ kind: 'host', retryable: false, meaning });
export const hostRetry = (meaning: string): CodeEntry => ({ kind: 'host', retryable: true, meaning });
export const inputRetry = (meaning: string): CodeEntry => ({ ...input(meaning), retryable: true });
export const upstream = (meaning: string): CodeEntry => ({ kind: 'upstream', retryable: true, meaning });
export const defect = (meaning: string): CodeEntry => ({ kind: 'defect', retryable: true, meaning });
