import { join } from 'node:path';
import { runProcessLimits } from '../../src/run/host/limits.ts';
import type { StartRun } from '../../src/run/host/link.ts';
import { startRunProcess } from '../../src/run/host/run-process.ts';

/** Part of the command line of each process that has the defects. */
export const FAULTY_PROGRAM = 'faulty-run.mjs';

/** Little, so that it is full soon. */
const HEAP_MIB = 96;

/** Processes of runs that work well until a signal brings a defect out. */
export const faultyRuns: StartRun = () =>
  startRunProcess({ ...runProcessLimits, heapMib: HEAP_MIB }, join(import.meta.dirname, FAULTY_PROGRAM));

export interface RunFault {
  readonly signal: NodeJS.Signals;
  /** What the hub is told of the job. */
  readonly says: RegExp;
  /** Nothing but its deadline, or somebody who cancels, ends such a run. */
  readonly lastsForEver?: true;
}

export const runFaults = {
  'is killed': { signal: 'SIGKILL', says: /^RUN_PROCESS_KILLED: / },
  'aborts in native code': { signal: 'SIGABRT', says: /^RUN_PROCESS_LOST: .* It crashed\./ },
  'fills its heap': { signal: 'SIGUSR2', says: /^RUN_OUT_OF_MEMORY: / },
  'loops for ever': { signal: 'SIGHUP', says: /[Cc]ancelled/, lastsForEver: true },
  'floods the daemon': { signal: 'SIGWINCH', says: /^RUN_PROCESS_LOST: .* was ended\./ },
} as const satisfies Record<string, RunFault>;

export type RunFaultName = keyof typeof runFaults;
