import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import type { NotarizationContext } from './context.ts';
import { journalTimedOut, notaryTimedOut } from './failures.ts';
import type { NotaryInput, StapleTarget, SubmissionInput } from './ports.ts';

type Scope = { context: NotarizationContext };
export const notary = ({ context }: Scope): NotaryInput => ({
  runId: context.runId,
  artifact: context.submitted,
});
export const submission = ({ context }: Scope): SubmissionInput => ({
  ...notary({ context }),
  submissionId: context.submissionId ?? '',
});
export const toStaple = ({ context }: Scope): NotaryInput & { target: StapleTarget } => ({
  runId: context.runId,
  artifact: context.artifact,
  target: context.staples[context.stapled.length] ?? 'image',
});

export const keep = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
export const FAILED = '#notarization.failed';
export const failed = { target: FAILED, actions: { type: 'keepFailure', params: errorOf } } as const;
/** A deadline of Apple's. */
export const late = (doing: string) =>
  ({
    target: FAILED,
    actions: {
      type: 'keepFailure',
      params: ({ context }: Scope) => ({
        failure: notaryTimedOut(doing, context.submissionId, context.lastFailure),
      }),
    },
  }) as const;
/** What passes by itself is noted and asked again after a pause. */
export const pauseAfter = (target: string) =>
  ({
    guard: { type: 'isWorthRepeating', params: errorOf },
    target,
    actions: { type: 'noteFailure', params: errorOf },
  }) as const;
/** The same while the calls of one announcement last. */
export const callAgainAfterPause = {
  guard: { type: 'mayCallAgain', params: errorOf },
  target: 'pausing',
  actions: { type: 'noteFailure', params: errorOf },
} as const;
/** The journal of this host did not answer. */
export const journalLate = { target: FAILED, actions: keep(journalTimedOut) } as const;
export const tell = (line: string) => ({ type: 'tell' as const, params: { line } });

export function idOf(known: { readonly submissionId: string } | null): string {
  return known?.submissionId ?? '';
}
