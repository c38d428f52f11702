import { storeUploadLimits } from '../../machines/store-upload/limits.ts';
import { storeUploadMachine } from '../../machines/store-upload/machine.ts';
import type { Services } from '../run/services.ts';
import { effectIn } from './effect.ts';
import { stretched } from './jitter.ts';

/** The store-upload with its ports filled in; keys, addresses of parts and the file are in the process of its run. */
export function provideStoreUpload({ runs, limits }: Pick<Services, 'runs' | 'limits'>) {
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
      commitFile: effect('commitFile'),
      askUpload: effect('askUpload'),
      findOwnBuild: effect('findOwnBuild'),
      checkGroups: effect('checkGroups'),
    },
  });
}
