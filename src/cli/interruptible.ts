import { constants } from 'node:os';
import { type Failure, toFailure } from '../../machines/contracts/failure.ts';
import { killAllLiving } from '../adapters/process/living.ts';
import { Interrupted } from './ask-password.ts';
import { endWith, failureAsJson, tellFailure } from './tell-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As with the daemon, a third signal does not wait for anything. */
const PATIENCE = 2;

export interface InterruptibleOptions {
  readonly json?: boolean;
  /** Called once, when the wish to stop arrives. */
  readonly onStop?: () => void;
  /** What was begun may be impossible to undo: the failure of the work is told then, and not that it was stopped. */
  readonly tellsFailure?: true;
}

/** The answer of work that a signal has ended as it was to end. */
export const NOTHING_UNDONE = 'nothing undone';

/**
 * Runs a command that a signal stops: what it began is undone, and it ends with 128 and the number of the signal, as a
 * shell has it (Ctrl-C: 130). Every other error ends it with its own exit code.
 */
export async function interruptible(
  { json = false, onStop, tellsFailure }: InterruptibleOptions,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stopping = new AbortController();
  const received: NodeJS.Signals[] = [];
  const stop = (name: NodeJS.Signals) => {
    received.push(name);
    if (received.length > PATIENCE) leave(name);
    if (received.length > 1) return;
    onStop?.();
    stopping.abort(new Error('the command was stopped'));
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    const end = await work(stopping.signal);
    if (received.length > 0 && end !== NOTHING_UNDONE) endAsStopped(received, json);
  } catch (error) {
    const failure = toFailure(error);
    if (tellsFailure && failure.code !== 'CANCELLED') return endWith(error, { json });
    const told = tellsFailure ? failure : error instanceof Interrupted ? error.failure : undefined;
    if (received.length > 0 || error instanceof Interrupted) endAsStopped(received, json, told);
    else endWith(error, { json });
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

/** What was begun is left to the next call, which sweeps it. */
function leave(name: NodeJS.Signals): never {
  killAllLiving();
  process.exit(128 + constants.signals[name]);
}

/** Without a signal it was Ctrl-C at a question, where it is a key. */
function endAsStopped(
  [name = 'SIGINT']: readonly NodeJS.Signals[],
  json: boolean,
  error: Failure = stopped,
): void {
  if (json) process.stdout.write(failureAsJson(error));
  tellFailure(error);
  process.exitCode = 128 + constants.signals[name];
}

const stopped: Failure = {
  kind: 'input',
  code: 'CANCELLED',
  summary: 'Stopped on request.',
  reason: 'What was begun has been undone.',
  nextStep: 'Run the command again to start over.',
  retryable: true,
};
