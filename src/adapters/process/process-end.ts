import type { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import { ShipError } from '../../errors.ts';

export interface ProcessEnd {
  /** `null` when it ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `exit`: the process has ended; `close`: everything that inherited its output has, too. */
export const endAt = (child: EventEmitter, event: 'exit' | 'close'): Promise<ProcessEnd> =>
  new Promise((resolve) =>
    child.once(event, (exitCode: number | null, signal: NodeJS.Signals | null) =>
      resolve({ exitCode, signal }),
    ),
  );

/** A signal to the group of a process; one that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM: macOS answers so for a group of which only zombies are left.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

export const notStarted = (file: string): ShipError =>
  new ShipError('COMMAND_NOT_FOUND', {
    summary: `The program "${basename(file)}" could not be started.`,
    reason: 'It is not installed, or may not be executed by this user.',
    nextStep: `Install it, and check with "command -v ${basename(file)}".`,
    detail: { file },
  });
