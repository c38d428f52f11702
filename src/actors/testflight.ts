import { testflightLimits } from '../../machines/testflight/limits.ts';
import { testflightMachine } from '../../machines/testflight/machine.ts';
import type { Services } from '../run/services.ts';
import { effectIn } from './effect.ts';
import { stretched } from './jitter.ts';

/** What follows an upload, with its ports filled in; keys, names and texts are in the process of its run. */
export function provideTestflight({ runs, limits }: Pick<Services, 'runs' | 'limits'>) {
  const effect = effectIn(runs);
  return testflightMachine.provide({
    delays: {
      ...testflightLimits,
      retryPause: (scope) => stretched(testflightLimits.retryPause(scope)),
      pollPause: (scope) => stretched(testflightLimits.pollPause(scope)),
      ...limits.testflight,
    },
    actors: {
      askBuild: effect('askBuild'),
      answerCompliance: effect('answerCompliance'),
      writeNotes: effect('writeNotes'),
      joinGroups: effect('joinGroups'),
      requestReview: effect('requestReview'),
    },
  });
}
