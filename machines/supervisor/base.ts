import { setup } from 'xstate';
import { clusterCapacityMachine } from '../cluster-capacity/machine.ts';
import { port } from '../contracts/actors.ts';
import type { Obstacle } from '../contracts/obstacle.ts';
import { hubConnectionMachine } from '../hub-connection/machine.ts';
import { interruptedJobsMachine } from '../interrupted-jobs/machine.ts';
import { signJobMachine } from '../sign-job/machine.ts';
import { vmPoolMachine } from '../vm-pool/machine.ts';
import type {
  RunActorId,
  SupervisorContext,
  SupervisorEvent,
  SupervisorInput,
  SweepActorId,
  SweepRunInput,
} from './context.ts';
import { mostWaiting, supervisorLimits } from './limits.ts';
import { openRunOf, openRuns } from './runs.ts';

/** What the supervisor knows and whom it starts; its actions are added by theme, ending in `setup.ts`. */
export const supervisorBase = setup({
  types: {
    input: {} as SupervisorInput,
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    children: {} as {
      hub: 'hubConnection';
      pool: 'vmPool';
      interruptedJobs: 'interruptedJobs';
      capacity: 'clusterCapacity';
    } & Record<RunActorId, 'signJob'> &
      Record<SweepActorId, 'sweepRun'>,
  },
  actors: {
    clusterCapacity: clusterCapacityMachine,
    hubConnection: hubConnectionMachine,
    interruptedJobs: interruptedJobsMachine,
    signJob: signJobMachine,
    vmPool: vmPoolMachine,
    /** Destroys what previous processes left; answers with the clones that resisted. */
    sweepLeftovers: port<readonly string[], { instance: string }>('sweepLeftovers'),
    /** Tries again to delete clones that leaked; answers with those that are gone now. */
    sweepLeaks: port<readonly string[], { names: readonly string[] }>('sweepLeaks'),
    /** Which of these assignments does the hub believe to run here? */
    probeReturned: port<readonly string[], { assignmentIds: readonly string[] }>('probeReturned'),
    /** What stands in the way of every job now; of what cannot be told now, what was known. */
    findObstacles: port<readonly Obstacle[], { known: readonly Obstacle[] }>('findObstacles'),
    /** What a crashed run left: its machine, its directory, its secrets. */
    sweepRun: port<void, SweepRunInput>('sweepRun'),
  },
  guards: {
    isOpenRun: ({ context }, params: { jobId: string }) =>
      openRunOf(context.runs, params.jobId) !== undefined,
    isNoOpenRun: ({ context }, params: { jobId: string }) =>
      openRunOf(context.runs, params.jobId) === undefined,
    lineIsFull: ({ context }) =>
      openRuns(context.runs).length >=
      context.maxConcurrent + (context.maxWaiting ?? mostWaiting(context.maxConcurrent)),
    isIdle: ({ context }) => context.runs.length === 0 && context.standbys === 0,
    isYielding: ({ context }) => context.isYielding,
    isPaused: ({ context }) => context.isPaused === true,
    isHindered: ({ context }) => context.obstacles.length > 0,
    isUnhindered: ({ context }) => context.obstacles.length === 0,
    nothingInterrupted: ({ context: { interruptedJobIds = [], unsureJobIds = [] } }) =>
      interruptedJobIds.length + unsureJobIds.length === 0,
    nothingReturned: ({ context }) => context.returned.length === 0,
    roomChanges: ({ context }) => context.room !== undefined,
    hasLeaks: ({ context }) => context.leaked.length > 0,
  },
  delays: { ...supervisorLimits },
});
