import { withEnvFile } from '../config/env-file.ts';
import { loadConfig } from '../config/load.ts';
import { startDaemon } from '../daemon/daemon.ts';

export interface RunFlags {
  readonly envFile?: string;
}

/** The daemon: runs until it is told to stop. The first signal drains, the second one cancels. */
export async function runDaemon({ envFile }: RunFlags): Promise<void> {
  const env = await withEnvFile(process.env, envFile);
  const { config, warnings } = loadConfig(env);
  const stopping = new AbortController();
  const early = () => stopping.abort(new Error('stopped while starting'));
  process.once('SIGTERM', early).once('SIGINT', early);
  const daemon = await startDaemon({
    config,
    env,
    forTerminal: process.stderr.isTTY === true,
    signal: stopping.signal,
  });
  process.off('SIGTERM', early).off('SIGINT', early);
  for (const warning of warnings) daemon.services.logger.warn(warning);
  obeySignals(daemon.supervisor);
  await daemon.finished;
  daemon.services.logger.info('perry-ship has stopped');
}

function obeySignals(supervisor: Awaited<ReturnType<typeof startDaemon>>['supervisor']): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      supervisor.send({ type: 'drain.requested' });
      process.on(signal, () => supervisor.send({ type: 'shutdown.requested' }));
    });
  }
}
