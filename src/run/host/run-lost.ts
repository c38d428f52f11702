import { TRY_AGAIN_OR_LOOK, TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import type { RunEnd } from './link.ts';

/** What the end of a run's process means for its job. */
export function runLost({ cause, detail }: RunEnd): ShipError {
  if (cause === 'memory') return outOfMemory(detail);
  if (cause === 'killed') return killed(detail);
  return new ShipError('RUN_PROCESS_LOST', {
    summary: 'The process that signs the app ended before that was done.',
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
const outOfMemory = (detail: RunEnd['detail']): ShipError =>
  new ShipError('RUN_OUT_OF_MEMORY', {
    summary: 'Signing the app takes more memory than it may.',
    reason: 'The process that did it was ended before it could take memory from others.',
    nextStep:
      'Make what is unusually large in the bundle smaller (its icon, an Info.plist, the number of files), and try again.',
    detail: { ...detail },
  });

const killed = (detail: RunEnd['detail']): ShipError =>
  new ShipError('RUN_PROCESS_KILLED', {
    summary: 'The process that signs the app was killed from outside.',
    reason: 'The system does so when it runs out of memory, and so can people who administer it.',
    nextStep: TRY_AGAIN_OR_LOOK,
    detail: { ...detail },
  });
