import { type CallbackLogicFunction, fromCallback } from 'xstate';
import type { InterruptedJobsEvent } from '../../machines/interrupted-jobs/machine.ts';
import { openHubSocket } from '../adapters/hub/socket.ts';
import { hearOf, subscribeFrame } from '../adapters/hub/watch-frames.ts';
import type { Services } from '../run/services.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;

type Watch = CallbackLogicFunction<{ type: 'never' }, InterruptedJobsEvent, { jobId: string }>;

/** Fills the `watchJob` port: listens, as the sender of a job does, to what is said of it. */
export const watchJobLogic = (services: Services) => {
  const logic: Watch = ({ input: { jobId }, sendBack }) => {
    const ending = new AbortController();
    watch(services, jobId, sendBack, ending.signal).catch((error: unknown) => {
      if (ending.signal.aborted) return;
      services.logger.info({ job: jobId, err: error }, 'an interrupted job could not be watched');
      sendBack({ type: 'watch.lost' });
    });
    return () => ending.abort(new Error('the job is not watched any more'));
  };
  return fromCallback(logic);
};

async function watch(
  { config, takenJobs, logger }: Services,
  jobId: string,
  say: (event: InterruptedJobsEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const somebodyHasIt = (type: 'watch.over' | 'watch.heard') => {
    for (const job of takenJobs.unsure) if (job.jobId === jobId) takenJobs.settled([job.assignmentId]);
    say({ type });
  };
  const socket = await openHubSocket({
    url: config.hubUrl,
    signal,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    onMessage: (frame) => {
      const heard = hearOf(jobId, frame);
      if (heard === 'known') say({ type: 'watch.begun' });
      if (heard === 'over') somebodyHasIt('watch.over');
      if (heard === 'spokenOf') somebodyHasIt('watch.heard');
    },
    onPong: () => {},
    onClose: () => say({ type: 'watch.lost' }),
    onFault: (error) => logger.error({ job: jobId, err: error }, 'an interrupted job could not be watched'),
  });
  await socket.send(subscribeFrame(jobId));
}
