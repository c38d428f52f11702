import type { VmExit, VmRunOptions } from '../driver.ts';
import { powerOff, type Tart, type TartProcess, type TartResult } from './command.ts';
import { tartFailure } from './failures.ts';
import { endedByItself, endingOf, type Outcome, outcomeOf, shutDownInOrder } from './outcomes.ts';

/** No window, no sound, nothing shared with the desktop of this host. */
const RUN_FLAGS = ['--no-graphics', '--no-audio', '--no-clipboard'];

/** One machine that this process started: `tart run`, which is the machine for as long as it runs. */
export interface RunningMachine {
  /** Powers it off, by force when it has to be; resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
  /** How it ended; rejects when it did not start, or with the signal's reason. */
  follow(options: Pick<VmRunOptions, 'signal'>): Promise<VmExit & { readonly result: TartResult }>;
}

/** @param flags - about its network */
export function startMachine(tart: Tart, name: string, flags: readonly string[]): RunningMachine {
  const running = tart.start(['run', name, ...RUN_FLAGS, ...flags]);
  let askedToStop = false;
  return {
    stop: (graceMs) => {
      askedToStop = true;
      return powerOff(running.process, graceMs);
    },
    follow: async ({ signal }) => {
      const result = await endOf(running, signal);
      signal.throwIfAborted();
      if (!askedToStop && isRefusal(result)) throw notStarted(name, result);
      const expected = askedToStop && !endedByItself(result);
      return { expected, reason: endingOf(result), inOrder: shutDownInOrder(result), result };
    },
  };
}

/** The machine goes with its process: that is the quickest way to power it off. */
async function endOf({ process, ended }: TartProcess, signal: AbortSignal): Promise<TartResult> {
  const cutPower = () => process.signalGroup('SIGKILL');
  if (signal.aborted) cutPower();
  signal.addEventListener('abort', cutPower, { once: true });
  await process.exited;
  signal.removeEventListener('abort', cutPower);
  return ended;
}

/** Ends that say why; anything else is a machine that was lost. */
const UNEXPLAINED: readonly Outcome[] = ['succeeded', 'failed', 'interrupted', 'notRunning'];
const isRefusal = (result: TartResult): boolean => !UNEXPLAINED.includes(outcomeOf(result));

const notStarted = (name: string, result: TartResult) =>
  tartFailure({ summary: `The machine "${name}" could not be started.`, code: 'VM_START_FAILED' }, result);
