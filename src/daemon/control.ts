import { answersOf, type StandingFacts, type Supervisor } from '../control/answers.ts';
import { type ControlServer, startControlServer } from '../control/server.ts';
import { packageVersion } from '../package-root.ts';
import type { Services } from '../run/services.ts';

/** The socket through which `perry-ship status`, `drain` and `cancel` talk to this daemon. */
export function startControl(
  supervisor: Supervisor,
  { config, logger }: Services,
  facts: StandingFacts,
): Promise<ControlServer> {
  return startControlServer({
    stateDir: config.stateDir,
    answer: answersOf(supervisor, facts),
    onFault: (error) => logger.warn({ err: error }, 'a request on the control socket could not be answered'),
  });
}

/** What the status tells that the statecharts do not know. */
export function standingFacts({ config, vault, driver: machines }: Services, driver: string): StandingFacts {
  return {
    pid: process.pid,
    version: packageVersion(),
    worker: config.workerName,
    hub: config.hubUrl,
    driver,
    startedAtMs: Date.now(),
    failingHosts: () => machines.failingHosts?.() ?? {},
    receivedAtMs: (runId) => vault.claim(runId)?.receivedAtMs,
  };
}
