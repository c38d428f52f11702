import { fromPromise } from 'xstate';
import type { Artifact } from '../../machines/contracts/job.ts';
import { storeUploadLimits } from '../../machines/store-upload/limits.ts';
import { storeUploadMachine } from '../../machines/store-upload/machine.ts';
import type { Services } from '../run/services.ts';
import { effectIn } from './effect.ts';
import { stretched } from './jitter.ts';

/** What the account of signatures is told of. */
const VERDICTS = {
  complete: 'published',
  failed: 'refused',
  awaitingUpload: null,
  processing: null,
} as const;

const inStore = ({ uploadId, artifact }: { readonly uploadId: string; readonly artifact: Artifact }) =>
  ({ by: 'store', uploadId, sha256Hex: artifact.sha256Hex }) as const;

/** The store-upload with its ports filled in; keys, addresses of parts and the file are in the process of its run. */
export function provideStoreUpload({
  runs,
  limits,
  signatures,
}: Pick<Services, 'runs' | 'limits' | 'signatures'>) {
  const effect = effectIn(runs);
  return storeUploadMachine.provide({
    delays: {
      ...storeUploadLimits,
      retryPause: (scope) => stretched(storeUploadLimits.retryPause(scope)),
      settlePause: (scope) => stretched(storeUploadLimits.settlePause(scope)),
      pollPause: (scope) => stretched(storeUploadLimits.pollPause(scope)),
      ...limits.storeUpload,
    },
    actors: {
      findApp: effect('findApp'),
      reserveUpload: effect('reserveUpload'),
      recordUpload: effect('recordUpload'),
      reserveFile: effect('reserveFile'),
      sendParts: effect('sendParts'),
      commitFile: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        await runs.call(runId, 'commitFile', input, { signal });
        await signatures.follow(runId, { kind: 'uploaded', ...inStore(input) });
      }),
      askUpload: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        const verdict = await runs.call(runId, 'askUpload', input, { signal });
        const kind = VERDICTS[verdict.state];
        if (kind) await signatures.follow(runId, { kind, ...inStore(input) });
        return verdict;
      }),
      findOwnBuild: effect('findOwnBuild'),
      checkGroups: effect('checkGroups'),
    },
  });
}
