import { randomUUID } from 'node:crypto';
import { fromPromise } from 'xstate';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { type SweepRunInput, supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmPoolLimits } from '../../machines/vm-pool/limits.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { parseVmName, printVmName } from '../domain/vm-name.ts';
import { awaitsResult } from './claims.ts';
import { hubSocketLogic } from './hub-socket.ts';
import { jittered } from './jitter.ts';
import { createNameLocks } from './name-locks.ts';
import type { Services } from './services.ts';
import { provideSignJob } from './sign-job.ts';
import { provideVmLifecycle } from './vm-lifecycle.ts';

const MINUTE_MS = 60_000;

/** The whole actor system, from the supervisor down, with every port filled in. */
export function provideSupervisor(services: Services) {
  const locks = createNameLocks();
  const vmLifecycle = provideVmLifecycle(services, locks);
  const signJob = provideSignJob(services, vmLifecycle, locks);
  return supervisorMachine.provide({
    delays: {
      ...supervisorLimits,
      drainTimeout: services.config.drainTimeoutMinutes * MINUTE_MS,
      ...services.limits.supervisor,
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
      hubConnection: provideHubConnection(services),
      sweepLeftovers: fromPromise<readonly string[], { instance: string }>(({ input, signal }) =>
        sweepLeftovers(services, input.instance, signal),
      ),
      sweepLeaks: fromPromise<readonly string[], { names: readonly string[] }>(({ input, signal }) =>
        namesWhere(input.names, (name) => destroy(services, name, signal)),
      ),
      sweepRun: fromPromise<void, SweepRunInput>(async ({ input, signal }) => {
        const awaitsReceipt = input.assignmentIds.at(-1);
        for (const id of input.assignmentIds) {
          if (id === awaitsReceipt) services.vault.dropSecrets(id);
          else services.vault.settle(id);
        }
        await locks.run(input.runId, signal, () => services.workbench.clear(input.runId));
        // its machine may still be in the making: stopped at once, deleted when everything before has ended
        await services.driver.stop(input.vmName, { signal }).catch(() => {});
        if (!(await locks.run(input.vmName, signal, () => destroy(services, input.vmName, signal))))
          throw new Error(`${input.vmName} could not be deleted`);
      }),
    },
  });
}

function provideHubConnection(services: Services) {
  return hubConnectionMachine.provide({
    delays: { ...hubLimits, backoff: (scope) => jittered(hubLimits.backoff(scope)), ...services.limits.hub },
    actors: {
      hubSocket: hubSocketLogic(services),
      probeAssignments: fromPromise<readonly string[], { assignmentIds: readonly string[] }>(
        ({ input, signal }) => namesWhere(input.assignmentIds, (id) => awaitsResult(services, id, signal)),
      ),
    },
  });
}

async function sweepLeftovers(
  services: Services,
  instance: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await services.workbench.sweep();
  const listed = await services.driver.list({ signal });
  const names = [...new Set([...listed, ...(await services.journal.openMachines())])].filter(
    (name) => parseVmName(name)?.instance === instance,
  );
  if (names.length > 0)
    services.logger.warn({ machines: names }, 'destroying machines that an earlier life left');
  return namesWhere(names, async (name) => !(await destroy(services, name, signal)));
}

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

async function namesWhere(
  names: readonly string[],
  test: (name: string) => Promise<boolean>,
): Promise<string[]> {
  const kept = await Promise.all(names.map(test));
  return names.filter((_, index) => kept[index]);
}
