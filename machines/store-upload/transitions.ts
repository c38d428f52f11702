import { againOr, pauseOr } from '../contracts/attempts.ts';
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
export const verdictOf = ({ event }: { event: { output: UploadVerdict } }) => ({ verdict: event.output });
export const againOrFail = againOr(FAILED);
export const lateOrFail = (doing: string) => pauseOr(FAILED, storeTimedOut(doing));
/** Apple has spoken about the build. */
export const concluded = (state: 'published' | 'objecting') =>
  ({
    target: `#storeUpload.${state}`,
    actions: { type: 'keepVerdict', params: verdictOf },
  }) as const;
