import { answersOf, type Supervisor } from '../control/answers.ts';
import { type ControlServer, startControlServer } from '../control/server.ts';
import { packageVersion } from '../package-root.ts';
import type { Services } from '../run/services.ts';

/** The socket through which `perry-ship status`, `drain` and `cancel` talk to this daemon. */
export function startControl(
  supervisor: Supervisor,
  services: Services,
  driver: string,
): Promise<ControlServer> {
  const { config, logger, vault, driver: machines } = services;
  const answer = answersOf(supervisor, {
    pid: process.pid,
    version: packageVersion(),
    worker: config.workerName,
    hub: config.hubUrl,
    driver,
    startedAtMs: Date.now(),
    failingHosts: () => machines.failingHosts?.() ?? {},
    receivedAtMs: (runId) => vault.claim(runId)?.receivedAtMs,
  });
  return startControlServer({
    stateDir: config.stateDir,
    answer,
    onFault: (error) => logger.warn({ err: error }, 'a request on the control socket could not be answered'),
  });
}
