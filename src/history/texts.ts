import type { Failure } from '../../machines/contracts/failure.ts';
import { plainLine } from '../text.ts';
import { MAX_NAME_CHARACTERS, MAX_SENTENCE_CHARACTERS, type RecordedFailure } from './record.ts';

/** How the sentences of a job are freed from its secrets, as long as those are known. */
export type RedactSentence = (text: string, jobId: string) => string;

/** Names come from bundles, from the hub and from Apple. */
export const nameFrom = (text: string): string => plainLine(text, MAX_NAME_CHARACTERS);
export const nameOrNull = (text: string | null | undefined): string | null => nameFrom(text ?? '') || null;

export function recordedFailure(
  { code, kind, summary, reason, nextStep }: Failure,
  redact: (text: string) => string,
): RecordedFailure {
  const sentence = (text: string): string => plainLine(redact(text), MAX_SENTENCE_CHARACTERS);
  return {
    ...{ code: nameFrom(code), kind },
    ...{ summary: sentence(summary), reason: sentence(reason), nextStep: sentence(nextStep) },
  };
}
