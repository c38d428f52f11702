import { type FailureKind, toFailure } from '../../machines/contracts/failure.ts';
import {
  type Said,
  type Sentences as SentencesOf,
  say,
  type Text,
  textsOf,
} from '../../machines/contracts/wording.ts';
import { type FailureCode, failureCodes, ShipError } from '../errors.ts';

/** `error`: the job cannot succeed, or Apple will refuse the result · `warning`: probably not as meant. */
export type Severity = 'error' | 'warning';

/** Something that would go wrong, or not as its sender means it; none of its sentences is empty. */
export interface Finding extends Said {
  readonly code: string;
  /** Who must act. */
  readonly kind: FailureKind;
  readonly severity: Severity;
}

/** None is empty. */
export type Sentences = SentencesOf<Text>;

export const finding = (code: FailureCode, severity: Severity, sentences: Sentences): Finding => ({
  code,
  kind: failureCodes[code].kind,
  severity,
  ...say(sentences),
});

/** What a check threw, as a finding; an error that is none of ours is one as well (a defect). */
export function findingOf(thrown: unknown, severity: Severity = 'error'): Finding {
  const { code, kind, summary, reason, nextStep, terminal } = toFailure(thrown);
  return { ...{ code, kind, severity, summary, reason, nextStep }, ...(terminal && { terminal }) };
}

/** Without those that say the same again; of two files with the same fault, each is named. */
export const eachOnce = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((one) => [`${one.code}\n${one.summary}\n${one.reason}`, one])).values(),
];

/** The error that a job ends with when this is the first of its findings. */
export const errorOf = (found: Finding): ShipError =>
  new ShipError(found.code as FailureCode, textsOf(found));
