import { surveyFrame } from './frame-survey.ts';

/** Beyond that a frame is about nothing that matters here. */
const MAX_FRAME_BYTES = 64 * 1024;

/** What one frame says to somebody who waits for the result of a job. */
export type Heard = 'known' | 'over' | 'spokenOf' | 'nothing';

/** How a hub is asked to pass on what is said of a job; whoever knows the id may, no secret is needed. */
export const subscribeFrame = (jobId: string): string => JSON.stringify({ type: 'subscribe', job_id: jobId });

/** A job that the hub does not know is over as well: nobody waits for it there. */
export function hearOf(jobId: string, frame: Buffer): Heard {
  if (frame.length > MAX_FRAME_BYTES) return 'nothing';
  const { type, jobId: about } = surveyFrame(frame);
  if (type === 'error' && about === undefined) return 'over';
  if (about !== jobId || type === undefined) return 'nothing';
  if (type === 'job_created') return 'known';
  return type === 'complete' ? 'over' : 'spokenOf';
}
