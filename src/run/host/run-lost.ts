import { TRY_AGAIN_OR_LOOK, TRY_AGAIN_OR_REPORT, wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { capitalized } from '../../text.ts';
import type { RunEnd } from './link.ts';

/** What such a process is there for. */
export type RunWork = 'signing the app' | 'reading the file';

const WORKER = { 'signing the app': 'signs the app', 'reading the file': 'reads the file' } as const;

/** What the end of such a process means for whoever waits for it. */
export function runLost({ cause, detail }: RunEnd, work: RunWork = 'signing the app'): ShipError {
  if (cause === 'memory') return outOfMemory(detail, work);
  if (cause === 'killed') return killed(detail, work);
  return new ShipError('RUN_PROCESS_LOST', {
    summary: `The process that ${WORKER[work]} ended before that was done.`,
    reason: REASONS[cause],
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { cause, ...detail },
  });
}

const REASONS = {
  asked: 'It was ended while a step still waited for it.',
  crash: 'It crashed.',
  flooded: 'It said more than it may, and was ended.',
  garbled: 'It said what cannot be read, and was ended.',
  unresponsive: 'It did not stop a step that it was told to stop, and was ended.',
} as const;

/** Steps work on streams, and take little whatever the size of a bundle: it is what is in the bundle. */
const outOfMemory = (detail: RunEnd['detail'], work: RunWork): ShipError =>
  new ShipError('RUN_OUT_OF_MEMORY', {
    summary: `${capitalized(work)} takes more memory than it may.`,
    reason: 'The process that did it was ended before it could take memory from others.',
    nextStep: wording`Make what is unusually large in the bundle smaller (its icon, an Info.plist, the number of files)${MORE_MEMORY}, and try again.`,
    detail: { ...detail },
  });

const MORE_MEMORY = { hub: '', terminal: ', or allow more with PERRY_RUN_MEMORY_MB and PERRY_RUN_HEAP_MB' };

const killed = (detail: RunEnd['detail'], work: RunWork): ShipError =>
  new ShipError('RUN_PROCESS_KILLED', {
    summary: `The process that ${WORKER[work]} was killed from outside.`,
    reason: 'The system does so when it runs out of memory, and so can people who administer it.',
    nextStep: TRY_AGAIN_OR_LOOK,
    detail: { ...detail },
  });
