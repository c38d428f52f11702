import { randomUUID } from 'node:crypto';
import { fromPromise } from 'xstate';
import { clusterCapacityLimits } from '../../machines/cluster-capacity/limits.ts';
import { clusterCapacityMachine } from '../../machines/cluster-capacity/machine.ts';
import type { ClusterRoom } from '../../machines/contracts/cluster.ts';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import type { Reopening } from '../../machines/hub-connection/outbox.ts';
import { interruptedJobsLimits } from '../../machines/interrupted-jobs/limits.ts';
import { type HubStanding, interruptedJobsMachine } from '../../machines/interrupted-jobs/machine.ts';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { type SweepRunInput, supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmPoolLimits } from '../../machines/vm-pool/limits.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { readHubStatus, readQueueLength } from '../adapters/hub/status-page.ts';
import { withDeadline } from '../deadline.ts';
import { parseVmName, printVmName } from '../domain/vm-name.ts';
import { sweepRunFolders } from '../run/host/run-folders.ts';
import { originOf } from '../run/hub-origin.ts';
import type { Services } from '../run/services.ts';
import { awaitsResult, standingOfClaim } from './claims.ts';
import { hubSocketLogic } from './hub-socket.ts';
import { answerInterruptedJobs } from './interrupted-jobs.ts';
import { watchJobLogic } from './interrupted-watch.ts';
import { jittered, stretched } from './jitter.ts';
import { createNameLocks } from './name-locks.ts';
import { findObstaclesIn } from './obstacles.ts';
import { purgeRun } from './purge-run.ts';
import { provideSignJob } from './sign-job.ts';
import { provideVmLifecycle } from './vm-lifecycle.ts';

const MINUTE_MS = 60_000;
/** A host that does not say in time what it has is asked again. */
const LIST_TIMEOUT_MS = 8_000;
const MOST_AT_ONCE = 16;
/** Stopping and deleting what resists, also when the tool hangs twice. */
const DESTROY_TIMEOUT_MS = 45_000;

/** The whole actor system, from the supervisor down, with every port filled in. */
export function provideSupervisor(services: Services) {
  const locks = createNameLocks();
  const vmLifecycle = provideVmLifecycle(services, locks);
  const signJob = provideSignJob(services, vmLifecycle);
  return supervisorMachine.provide({
    delays: {
      ...supervisorLimits,
      drainTimeout: services.config.drainTimeoutMinutes * MINUTE_MS,
      ...services.limits.supervisor,
    },
    actions: {
      noteAdoption: (_, { assignmentId, superseded }) => {
        services.vault.adopt(assignmentId);
        services.vault.settle(superseded);
      },
      notePause: (_, { isPaused }) => notePause(services, isPaused),
    },
    actors: {
      signJob,
      vmPool: vmPoolMachine.provide({
        delays: { ...vmPoolLimits, ...services.limits.pool },
        actors: {
          vmLifecycle,
          makeVmName: fromPromise<string, { instance: string }>(async ({ input }) =>
            printVmName({ instance: input.instance, runId: randomUUID() }),
          ),
        },
      }),
      clusterCapacity: provideClusterCapacity(services),
      hubConnection: provideHubConnection(services),
      interruptedJobs: provideInterruptedJobs(services),
      sweepLeftovers: fromPromise<readonly string[], { instance: string }>(({ input, signal }) =>
        sweepLeftovers(services, input.instance, signal),
      ),
      sweepLeaks: fromPromise<readonly string[], { names: readonly string[] }>(({ input, signal }) =>
        namesWhere(input.names, signal, (name, own) => destroy(services, name, own)),
      ),
      probeReturned: fromPromise<readonly string[], { assignmentIds: readonly string[] }>(
        ({ input, signal }) =>
          namesWhere(input.assignmentIds, signal, (id, own) => awaitsResult(services, id, own)),
      ),
      findObstacles: findObstaclesIn(services),
      sweepRun: fromPromise<void, SweepRunInput>(async ({ input, signal }) => {
        await purgeRun(services, input);
        // its machine may still be in the making: stopped at once, deleted when everything before has ended
        await services.driver.stop(input.vmName, { signal }).catch(() => {});
        if (!(await locks.run(input.vmName, signal, () => destroy(services, input.vmName, signal))))
          throw new Error(`${input.vmName} could not be deleted`);
      }),
    },
  });
}

function notePause({ pauseMark, logger }: Services, isPaused: boolean): void {
  pauseMark.set(isPaused);
  const { problem } = pauseMark;
  if (problem === null) return;
  logger.error({ reason: problem }, `after a restart the daemon would ${isPaused ? 'not ' : ''}be paused`);
}

function provideClusterCapacity({ driver, limits }: Services) {
  return clusterCapacityMachine.provide({
    delays: { ...clusterCapacityLimits, ...limits.clusterCapacity },
    actors: {
      askRoom: fromPromise<ClusterRoom, void>(({ signal }) => {
        if (!driver.room) throw new Error(`the room of the driver ${driver.kind} does not change`);
        return driver.room({ signal });
      }),
    },
  });
}

function provideHubConnection(services: Services) {
  return hubConnectionMachine.provide({
    actions: {
      noteReport: (_, { report }) => {
        if (report.kind === 'conclusion') services.vault.conclude(report.assignmentId, Date.now());
      },
    },
    delays: {
      ...hubLimits,
      backoff: (scope) => jittered(hubLimits.backoff(scope)),
      // workers that starve together do not greet the hub together
      queueCheckPause: (scope) => stretched(hubLimits.queueCheckPause(scope)),
      starvationTimeout: (scope) => stretched(hubLimits.starvationTimeout(scope)),
      ...services.limits.hub,
    },
    actors: {
      hubSocket: hubSocketLogic(services),
      probeAssignments: fromPromise<Reopening, { assignmentIds: readonly string[] }>(
        async ({ input: { assignmentIds: asked }, signal }) => {
          const standings = new Map<string, string>();
          const stillOpen = await namesWhere(asked, signal, async (id, own) => {
            standings.set(id, await standingOfClaim(services, id, own));
            return standings.get(id) !== 'closed';
          });
          return { asked, stillOpen, unclear: asked.filter((id) => standings.get(id) === 'unclear') };
        },
      ),
      askQueueLength: fromPromise<number | null, undefined>(({ signal }) =>
        readQueueLength(originOf(services.config), signal),
      ),
    },
  });
}

function provideInterruptedJobs(services: Services) {
  return interruptedJobsMachine.provide({
    delays: { ...interruptedJobsLimits, ...services.limits.interruptedJobs },
    actors: {
      answerJobs: fromPromise<void, { jobIds: readonly string[] }>(({ input, signal }) =>
        answerInterruptedJobs(services, input.jobIds, signal),
      ),
      watchJob: watchJobLogic(services),
      askHubStanding: fromPromise<HubStanding, undefined>(({ signal }) =>
        readHubStatus(originOf(services.config), signal),
      ),
    },
  });
}

/** What the previous process left is destroyed; answers with the machines that resisted, or did not go in time. */
async function sweepLeftovers(
  services: Services,
  instance: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { config, runs, keptArtifacts, logger } = services;
  const folders = sweepRunFolders(config.stateDir, (runId) => runs.find(runId) !== undefined);
  await Promise.all([folders, keptArtifacts.sweep()]).catch((error) =>
    logger.error({ err: error }, 'folders of earlier runs could not be removed'),
  );
  const names = await machinesLeft(services, instance, signal);
  if (names.length > 0)
    logger.warn({ machines: names }, 'destroying machines that the previous process left');
  const inTime = withDeadline(signal, DESTROY_TIMEOUT_MS);
  return namesWhere(names, inTime, async (name, own) => !(await destroy(services, name, own)));
}

async function machinesLeft(
  { driver, journal, logger }: Services,
  instance: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const listed = await driver.list({
      signal: withDeadline(signal, LIST_TIMEOUT_MS),
    });
    const names = new Set([...listed, ...(await journal.openMachines())]);
    return [...names].filter((name) => parseVmName(name)?.instance === instance);
  } catch (error) {
    if (!signal.aborted) logger.error({ err: error }, LIST_FAILED);
    throw error;
  }
}

const LIST_FAILED = 'cannot list leftover machines; taking no jobs until that works';

async function destroy(
  { driver, journal, logger }: Services,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await driver.stop(name, { signal }).catch(() => {});
    await driver.delete(name, { signal });
    await journal.machineIsGone(name);
    return true;
  } catch (error) {
    logger.error({ vm: name, err: error }, 'a machine could not be deleted');
    return false;
  }
}

/**
 * Some at a time: there may be thousands, and each may be a question to the hub. Each line of them has a signal of its own,
 * because whatever is under way listens to it, and Node takes many listeners of one signal for a leak.
 */
async function namesWhere(
  names: readonly string[],
  signal: AbortSignal,
  test: (name: string, signal: AbortSignal) => Promise<boolean>,
): Promise<string[]> {
  const kept: boolean[] = [];
  const left = names.entries();
  const testNext = async () => {
    const own = AbortSignal.any([signal]);
    for (const [index, name] of left) kept[index] = await test(name, own);
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, testNext));
  return names.filter((_, index) => kept[index]);
}
