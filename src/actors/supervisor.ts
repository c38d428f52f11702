import { fromPromise } from 'xstate';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { probeToken } from '../adapters/hub/http.ts';
import { parseVmName } from '../domain/vm-name.ts';
import { originOf } from '../steps/download-bundle.ts';
import { hubSocketLogic } from './hub-socket.ts';
import { createNameLocks } from './name-locks.ts';
import type { Services } from './services.ts';
import { provideSignJob } from './sign-job.ts';
import { provideVmLifecycle } from './vm-lifecycle.ts';

const MINUTE_MS = 60_000;

/** The whole actor system, from the supervisor down, with every port filled in. */
export function provideSupervisor(services: Services) {
  const signJob = provideSignJob(services, provideVmLifecycle(services, createNameLocks()));
  return supervisorMachine.provide({
    delays: {
      ...supervisorLimits,
      drainTimeout: services.config.drainTimeoutMinutes * MINUTE_MS,
      ...services.limits.supervisor,
    },
    actors: {
      signJob,
      hubConnection: provideHubConnection(services),
      sweepLeftovers: fromPromise<readonly string[], { instance: string }>(({ input, signal }) =>
        sweepLeftovers(services, input.instance, signal),
      ),
      sweepLeaks: fromPromise<readonly string[], { names: readonly string[] }>(({ input, signal }) =>
        namesWhere(input.names, (name) => destroy(services, name, signal)),
      ),
      sweepRun: fromPromise<void, { runId: string; vmName: string }>(async ({ input, signal }) => {
        services.vault.dropSecrets(input.runId);
        await services.workbench.clear(input.runId);
        if (!(await destroy(services, input.vmName, signal)))
          throw new Error(`${input.vmName} could not be deleted`);
      }),
    },
  });
}

/** Full jitter in the upper half: workers that lost the same hub do not come back in step. */
const jittered = (delayMs: number): number => delayMs * (0.5 + Math.random() / 2);

function provideHubConnection(services: Services) {
  return hubConnectionMachine.provide({
    delays: { ...hubLimits, backoff: (scope) => jittered(hubLimits.backoff(scope)), ...services.limits.hub },
    actors: {
      hubSocket: hubSocketLogic(services),
      probeAssignments: fromPromise<readonly string[], { assignmentIds: readonly string[] }>(
        ({ input, signal }) => namesWhere(input.assignmentIds, (id) => isStillOpen(services, id, signal)),
      ),
    },
  });
}

/** A token that is dead says that the hub had the result; one that we cannot ask about counts as open. */
async function isStillOpen(services: Services, assignmentId: string, signal: AbortSignal): Promise<boolean> {
  const claim = services.vault.claim(assignmentId);
  if (!claim) return false;
  const { tarballUrl: url, authToken: token } = claim;
  const state = await probeToken({ url, token, origin: originOf(services), signal }).catch(() => 'open');
  if (state === 'closed') services.vault.settle(assignmentId);
  return state !== 'closed';
}

async function sweepLeftovers(
  services: Services,
  instance: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await services.workbench.sweep();
  const names = (await services.driver.list({ signal })).filter(
    (name) => parseVmName(name)?.instance === instance,
  );
  if (names.length > 0)
    services.logger.warn({ machines: names }, 'destroying machines that an earlier life left');
  return namesWhere(names, async (name) => !(await destroy(services, name, signal)));
}

async function destroy({ driver, logger }: Services, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await driver.stop(name, { signal }).catch(() => {});
    await driver.delete(name, { signal });
    return true;
  } catch (error) {
    logger.error({ vm: name, err: error }, 'a machine could not be deleted');
    return false;
  }
}

async function namesWhere(
  names: readonly string[],
  test: (name: string) => Promise<boolean>,
): Promise<string[]> {
  const kept = await Promise.all(names.map(test));
  return names.filter((_, index) => kept[index]);
}
