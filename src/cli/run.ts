import { withEnvFile } from '../config/env-file.ts';
import { loadConfig } from '../config/load.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { exitCodes } from './exit-codes.ts';
import { untilEnd } from './process-end.ts';
import { endWith } from './tell-error.ts';

export interface RunFlags {
  readonly envFile?: string;
  /** `true` without a port. */
  readonly inspect?: string | true;
}

const LEFT = 'machines could not be deleted, and may still run';
const START_AGAIN =
  'Start perry-ship again with the same PERRY_STATE_DIR, which deletes them; or delete them by hand.';

/** The daemon: runs until it is told to stop, and ends the process whatever still holds it. */
export async function runDaemon(flags: RunFlags): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('stopped while starting'));
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const daemon = await start(flags, stopping.signal).catch(endWithout);
  if (daemon === undefined) process.exit(exitCodes.done);
  const code = untilEnd(daemon);
  process.off('SIGTERM', stop).off('SIGINT', stop);
  if (stopping.signal.aborted) daemon.supervisor.send({ type: 'drain.requested' });
  const exitCode = await code;
  const { logger } = daemon.services;
  const { leaked } = daemon.supervisor.getSnapshot().context;
  if (leaked.length > 0) logger.error({ machines: leaked, nextStep: START_AGAIN }, LEFT);
  logger.info({ exitCode }, 'perry-ship has stopped');
  process.exit(exitCode);
}

/** A start that failed ends the process as well: an exit code is what the service manager waits for. */
function endWithout(error: unknown): never {
  endWith(error, {});
  process.exit();
}

/** `undefined` when a signal came first: nothing was begun, so nothing is wrong. */
async function start({ envFile, inspect }: RunFlags, signal: AbortSignal): Promise<Daemon | undefined> {
  const remarks: string[] = [];
  const given = await withEnvFile(process.env, envFile, (remark) => remarks.push(remark));
  const env = { ...given, ...inspectVariable(inspect) };
  const { config, warnings } = loadConfig(env);
  try {
    const daemon = await startDaemon({ config, env, forTerminal: process.stderr.isTTY === true, signal });
    for (const warning of [...remarks, ...warnings]) daemon.services.logger.warn(warning);
    return daemon;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

const inspectVariable = (inspect: RunFlags['inspect']) =>
  inspect === undefined ? {} : { PERRY_INSPECT: inspect === true ? '1' : inspect };
