import type { ErrorActorEvent } from 'xstate';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { StoreUploadContext } from './context.ts';
import { storeTimedOut } from './failures.ts';
import type { RunInput, UploadInput, UploadVerdict } from './ports.ts';

export const FAILED = '#storeUpload.failed';
export const runOf = ({ context }: { context: StoreUploadContext }): RunInput => ({
  runId: context.runId,
  artifact: context.artifact,
});
export const uploadOf = ({ context }: { context: StoreUploadContext }): UploadInput => ({
  ...runOf({ context }),
  uploadId: context.uploadId ?? '',
});
export const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });
export const verdictOf = ({ event }: { event: { output: UploadVerdict } }) => ({ verdict: event.output });
export const failWith = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
/** Worth another try after a pause, or the end. */
export const againOrFail = [
  {
    guard: { type: 'mayTryAgain', params: errorOf },
    target: 'pausing',
    actions: { type: 'noteWait', params: errorOf },
  },
  { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
] as const;
export const lateOrFail = (doing: string) =>
  [
    { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
    { target: FAILED, actions: failWith(storeTimedOut(doing)) },
  ] as const;
export const pausing = {
  description: 'Backs off before the next attempt.',
  after: { retryPause: 'attempting' },
} as const;
/** Apple has spoken about the build. */
export const concluded = (state: 'published' | 'objecting') =>
  ({
    target: `#storeUpload.${state}`,
    actions: { type: 'keepVerdict', params: verdictOf },
  }) as const;
