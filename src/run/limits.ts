import type { clusterCapacityLimits } from '../../machines/cluster-capacity/limits.ts';
import type { hubLimits } from '../../machines/hub-connection/limits.ts';
import type { interruptedJobsLimits } from '../../machines/interrupted-jobs/limits.ts';
import type { loneFileLimits } from '../../machines/lone-file/limits.ts';
import type { notarizationLimits } from '../../machines/notarization/limits.ts';
import type { signJobLimits } from '../../machines/sign-job/limits.ts';
import type { storeUploadLimits } from '../../machines/store-upload/limits.ts';
import type { supervisorLimits } from '../../machines/supervisor/limits.ts';
import type { testflightLimits } from '../../machines/testflight/limits.ts';
import type { vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import type { vmPoolLimits } from '../../machines/vm-pool/limits.ts';
import type { webPortLimits } from '../../machines/web-port/limits.ts';
import type { runProcessLimits } from './host/limits.ts';

type Some<T> = Partial<Record<keyof T, number>>;

/** Deadlines and pauses, in milliseconds, that take the place of the built-in ones of the same name. */
export interface Limits {
  readonly supervisor?: Some<typeof supervisorLimits>;
  readonly clusterCapacity?: Some<typeof clusterCapacityLimits>;
  readonly hub?: Some<typeof hubLimits>;
  readonly interruptedJobs?: Some<typeof interruptedJobsLimits>;
  readonly signJob?: Some<typeof signJobLimits>;
  readonly pool?: Some<typeof vmPoolLimits>;
  readonly vm?: Some<typeof vmLimits>;
  readonly notarization?: Some<typeof notarizationLimits>;
  readonly storeUpload?: Some<typeof storeUploadLimits>;
  readonly loneFile?: Some<typeof loneFileLimits>;
  readonly testflight?: Some<typeof testflightLimits>;
  readonly webPort?: Some<typeof webPortLimits>;
  /** Of what the operator is told; `raiseAfter` and `clearAfter` of every alarm. */
  readonly alarms?: Some<Record<'lookPause' | 'retryPause' | 'raiseAfter' | 'clearAfter', number>>;
  /** Of the process of each run; some of them are amounts. */
  readonly runProcess?: Some<typeof runProcessLimits>;
}
