import { constants } from 'node:os';
import { killAllLiving } from '../adapters/process/living.ts';
import { shutDown } from '../control/answers.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { exitCodes } from './exit-codes.ts';

type Ending = Pick<Daemon, 'supervisor' | 'finished'> & {
  readonly services: Pick<Daemon['services'], 'logger'>;
};

/** As much of the process as it takes to end it; another one in tests. */
export interface ProcessEvents {
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Stays until the daemon has ended and answers with the exit code of the process. The first SIGTERM or SIGINT
 * drains, the second cancels, the third ends the process at once. An exception that nobody caught cancels what
 * runs: nothing is known of the state that it left behind. SIGHUP, which a closing terminal sends, is not heeded.
 */
export async function untilEnd(daemon: Ending, host: ProcessEvents = process): Promise<number> {
  const defects: unknown[] = [];
  const listeners = listenersFor(daemon, host, defects);
  for (const [event, listener] of listeners) host.on(event, listener);
  try {
    await daemon.finished;
    return defects.length === 0 ? exitCodes.done : exitCodes.defect;
  } catch (error) {
    // the actor system is gone, and with it everybody who would have stopped the machines
    daemon.services.logger.fatal({ err: error, killed: killAllLiving() }, 'the supervisor broke');
    return exitCodes.defect;
  } finally {
    for (const [event, listener] of listeners) host.off(event, listener);
  }
}

function listenersFor(
  { supervisor, services: { logger } }: Ending,
  host: ProcessEvents,
  defects: unknown[],
): [string, (value: unknown) => void][] {
  const leave = (signal: unknown) => {
    logger.warn({ signal, killed: killAllLiving() }, 'told a third time: ending at once');
    host.exit(128 + constants.signals[signal as NodeJS.Signals]);
  };
  const answers = [
    () => supervisor.send({ type: 'drain.requested' }),
    () => supervisor.send({ type: 'shutdown.requested' }),
  ];
  const heed = (signal: unknown) => (answers.shift() ?? leave)(signal);
  const breakOff = (error: unknown) => {
    defects.push(error);
    logger.fatal({ err: error }, 'an error that nobody caught: cancelling what runs');
    shutDown(supervisor);
  };
  return [
    ['SIGTERM', heed],
    ['SIGINT', heed],
    ['SIGHUP', () => {}],
    ['uncaughtException', breakOff],
    ['unhandledRejection', breakOff],
  ];
}
