import { errorOf } from '../contracts/attempts.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Stage } from '../contracts/job.ts';
import { type LoneFileContext, taken } from './context.ts';
import { cancelledAtApple, fileCancelled, fileTimedOut } from './failures.ts';

/** Where every end leads. */
export const CLOSING = '#loneFile.closing';

type Scope = { context: LoneFileContext };

export const runOf = ({ context }: Scope) => ({ runId: context.runId });
export const fileOf = ({ context }: Scope) => ({
  runId: context.runId,
  artifact: taken(context).artifact,
});
export const targetOf = ({ context }: Scope) => ({
  ...fileOf({ context }),
  target: taken(context).staples[0] ?? 'image',
});
export const keep = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
export const failed = { target: CLOSING, actions: { type: 'keepFailure', params: errorOf } } as const;
/** What Apple has by now goes on there. */
export const cancelled = ({ context: { submissionId } }: Scope) => ({
  failure: submissionId === null ? fileCancelled : cancelledAtApple(submissionId),
});
export const late = (doing: string) => ({ target: CLOSING, actions: keep(fileTimedOut(doing)) }) as const;
export const log = (line: string) => ({ type: 'passLog' as const, params: { line } });
export const begin = (stage: Stage, message: string) => ({
  type: 'beginStage' as const,
  params: { stage, message },
});
/** Of a child that ended badly. */
export const failureIn = ({ event }: { event: { output: { failure: Failure | null } } }) => ({
  failure: event.output.failure ?? toFailure(undefined),
});
