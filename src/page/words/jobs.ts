import type { JobResult } from '../../history/record.ts';
import type { DayCounts } from '../../live/messages.ts';
import type { RunStatus } from '../../observability/status.ts';
import { capital, inWords } from './format.ts';
import type { Said } from './tone.ts';

const STAGES: Readonly<Record<string, string>> = {
  extracting: 'Unpacking',
  generating_assets: 'Making icons',
  signing: 'Signing',
  packaging: 'Packaging',
  notarizing: 'Notarizing',
  publishing: 'Publishing',
  uploading: 'Uploading',
};

export const stageWord = (stage: string): string => STAGES[stage] ?? capital(inWords(stage));

const RESULTS: Readonly<Record<JobResult, Said>> = {
  running: { tone: 'busy', word: 'Running' },
  succeeded: { tone: 'good', word: 'Succeeded' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'idle', word: 'Cancelled' },
  returned: { tone: 'idle', word: 'Returned to the hub' },
  dropped: { tone: 'idle', word: 'Given to another worker' },
  notTaken: { tone: 'bad', word: 'Not taken' },
  interrupted: { tone: 'warn', word: 'Interrupted' },
};

export const resultSaid = (result: string): Said =>
  RESULTS[result as JobResult] ?? { tone: 'idle', word: inWords(result) };

/** Jobs by result; what did not happen is left out, but for what an operator looks for. */
export function endedSaid(counts: DayCounts): { readonly succeeded: Said; readonly others: readonly Said[] } {
  const { succeeded = 0, failed = 0, ...rest } = counts;
  const others = Object.entries(rest).filter(([, count]) => count > 0);
  return {
    succeeded: { tone: succeeded > 0 ? 'good' : 'idle', word: `${succeeded} succeeded` },
    others: [
      failed > 0 ? { tone: 'bad', word: `${failed} failed` } : { tone: 'idle', word: 'none failed' },
      ...others.map(([result, count]) => {
        const { tone, word } = resultSaid(result);
        return { tone, word: `${count} ${word.toLowerCase()}` };
      }),
    ],
  };
}

/** What ended a job without being its failure, while it cleans up: by its code. */
const ENDING: Readonly<Record<string, string>> = {
  CANCELLED: 'Cancelled, cleaning up',
  WORKER_STOPPING: 'Stopped, cleaning up',
};

/** Where a job stands. */
export function runSaid({ phase, stage, state, failure, claim }: Omit<RunStatus, 'elapsedSeconds'>): Said {
  const ending = failure !== null && Object.hasOwn(ENDING, failure) ? ENDING[failure] : undefined;
  if (ending !== undefined) return { tone: 'idle', word: ending };
  if (failure !== null) return { tone: 'bad', word: 'Failed, cleaning up' };
  if (phase === 'concluded') return { tone: 'good', word: 'Done, cleaning up' };
  if (claim === 'awaitingReassignment') return { tone: 'warn', word: 'Waiting for the hub' };
  if (phase === 'waiting') return { tone: 'idle', word: 'Waiting for a slot' };
  if (phase === 'admitting') return { tone: 'busy', word: 'Taking in' };
  return { tone: 'busy', word: stage === null ? stateWord(state) : stageWord(stage) };
}

/** `running.checkingCredentials` → `Checking credentials`, `running.downloading.attempting` → `Downloading` */
export function stateWord(path: string): string {
  const [first = '', second] = path.split('.');
  return capital(inWords(first === 'running' && second !== undefined ? second : first));
}

export const targetWord = (target: string | null): string =>
  ({ 'macos-sign': 'macOS', 'ios-sign': 'iOS' })[target ?? ''] ?? target ?? 'Job';

/** Where a virtual machine stands. */
export function machineWord(state: string): string {
  const [first = '', second] = state.split('.');
  return inWords(first === 'alive' && second !== undefined ? second : first);
}
