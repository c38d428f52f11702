import { type Failure, failureOf } from '../contracts/failure.ts';
import { TRY_AGAIN_OR_LOOK, TRY_AGAIN_OR_REPORT } from '../contracts/wording.ts';
import type { LogFindings, Verdict } from './ports.ts';

/** Apple did not answer before a deadline; `submissionId` is null when there is none yet, `last` what was seen last. */
export const notaryTimedOut = (
  doing: string,
  submissionId: string | null,
  last: Failure | null,
): Failure => ({
  kind: 'upstream',
  code: 'NOTARY_TIMED_OUT',
  summary: `The notarization was given up because ${doing} took too long.`,
  reason: last?.reason || 'There was no final answer before the deadline.',
  nextStep: submissionId
    ? `Try again later: the submission goes on. On a Mac, \`xcrun notarytool info ${submissionId}\` shows how it ended.`
    : "Try again later; if it fails again, look at Apple's system status page.",
  retryable: true,
});

/** Apple accepted the file, and what is to be attached to it did not appear before the deadline. */
export const ticketLate = (submissionId: string, last: Failure | null): Failure => ({
  kind: 'upstream',
  code: 'NOTARY_TIMED_OUT',
  summary: `Apple accepted submission ${submissionId}, and its notarization ticket did not appear in time.`,
  reason: last?.reason || 'There was no answer to the look-up of the ticket before the deadline.',
  nextStep: 'Try again in a few minutes: the file is notarized, and its ticket alone is late.',
  retryable: true,
});

/** Apple's log says that something else was checked than what was made here. */
export const notaryLogForeign = (submissionId: string): Failure =>
  failureOf({
    kind: 'upstream',
    code: 'APPLE_ANSWER_INVALID',
    summary: `Apple's log of submission ${submissionId} is about another file.`,
    reason: 'The SHA-256 in the log is not that of the artifact.',
    nextStep: TRY_AGAIN_OR_REPORT,
    retryable: true,
  });

export const journalTimedOut: Failure = {
  kind: 'host',
  code: 'NOTARY_JOURNAL_FAILED',
  summary: 'The journal of notarizations could not be used.',
  reason: 'The disk with the state directory did not answer before the deadline.',
  nextStep: 'Check that disk (PERRY_STATE_DIR).',
  retryable: false,
};

export const stapleTimedOut: Failure = failureOf({
  kind: 'host',
  code: 'STAPLE_FAILED',
  summary: 'The notarization ticket could not be attached.',
  reason: 'The disk with the state directory did not answer before the deadline.',
  nextStep: TRY_AGAIN_OR_LOOK,
  retryable: true,
});

const SHOWN_ISSUES = 3;

/** A verdict that is final, with as much of the log as fits a sentence. */
export function notaryRejected(submissionId: string, verdict: Verdict, log: LogFindings | null): Failure {
  const count = log?.errorCount ?? 0;
  const issues = (log?.issues ?? []).slice(0, SHOWN_ISSUES).map(asSentence).join(' ');
  return {
    kind: 'input',
    code: 'NOTARY_REJECTED',
    summary: `Apple did not accept submission ${submissionId} (verdict ${verdict}${countText(count)}).`,
    reason: issues || asSentence(log?.summary ?? '') || "Apple's log of the submission could not be fetched.",
    nextStep:
      log?.advice ||
      `Mend what Apple's log names, and try again. On a Mac, \`xcrun notarytool log ${submissionId}\` shows the whole log.`,
    retryable: false,
  };
}

/** Apple ends some of them with a period, some with nothing, some with an address that the log has in full. */
function asSentence(said: string): string {
  const text = said.replace(/ See https:\S+$/, '').trim();
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}

const countText = (count: number): string =>
  count === 0 ? '' : count === 1 ? ', 1 error' : `, ${count} errors`;
