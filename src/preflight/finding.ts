import { type FailureKind, toFailure } from '../../machines/contracts/failure.ts';
import { type FailureCode, failureCodes, ShipError } from '../errors.ts';

/** `error`: the job cannot succeed, or Apple will refuse the result · `warning`: probably not as meant. */
export type Severity = 'error' | 'warning';

/** Something that would go wrong, or not as its sender means it. */
export interface Finding {
  readonly code: string;
  /** Who must act. */
  readonly kind: FailureKind;
  readonly severity: Severity;
  /** One sentence each, never empty: what, the fact that was seen, the one action that mends it. */
  readonly summary: string;
  readonly reason: string;
  readonly nextStep: string;
}

export interface Sentences {
  readonly summary: string;
  readonly reason: string;
  readonly nextStep: string;
}

export const finding = (
  code: FailureCode,
  severity: Severity,
  { summary, reason, nextStep }: Sentences,
): Finding => ({ code, kind: failureCodes[code].kind, severity, summary, reason, nextStep });

/**
 * What a check threw, as a finding; an error that is none of ours is one as well (a defect). An error that says no
 * more than what it is gets the meaning of its code as the reason.
 */
export function findingOf(thrown: unknown, severity: Severity = 'error'): Finding {
  const { code, kind, summary, reason, nextStep } = toFailure(thrown);
  const meaning = Object.hasOwn(failureCodes, code) ? failureCodes[code as FailureCode].meaning : summary;
  return { code, kind, severity, summary, reason: reason === '' ? meaning : reason, nextStep };
}

/** The error that a job ends with when this is the first of its findings. */
export const errorOf = ({ code, summary, reason, nextStep }: Finding): ShipError =>
  new ShipError(code as FailureCode, { summary, reason, nextStep });
