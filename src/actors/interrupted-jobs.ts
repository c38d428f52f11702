import { EventEmitter, once } from 'node:events';
import { workerRestarted } from '../../machines/interrupted-jobs/failures.ts';
import { messagesOf } from '../adapters/hub/encode-report.ts';
import { encodeWorkerMessage, parseHubFrame, type WorkerMessage } from '../adapters/hub/protocol.ts';
import { openHubSocket } from '../adapters/hub/socket.ts';
import type { InterruptedJob } from '../journal/taken-jobs.ts';
import type { Services } from '../run/services.ts';
import { helloOf } from './hello.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;

/**
 * Tells the hub that these jobs have failed, on a link of its own that greets without capabilities: each `error` and
 * `complete` takes a job off the count of the link it comes on, and makes the hub forget which job it assigned there
 * last. On the main link that would be the jobs of this process.
 *
 * @throws the reason why the hub is not known to have heard it; it is then to be said again
 */
export async function answerInterruptedJobs(
  services: Services,
  jobIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const isLeft = ({ jobId }: InterruptedJob): boolean => jobIds.includes(jobId);
  if (!left(services).some(isLeft)) return;
  const link = await openLink(services, signal);
  try {
    await link.say(helloOf(services.config, [], 1));
    // not earlier: meanwhile the hub may have handed one of them out again
    await sayFailed(services, link, left(services).filter(isLeft));
  } finally {
    await link.close();
  }
}

/** With those of which it is sure by now that nobody has them. */
const left = ({ takenJobs }: Services): readonly InterruptedJob[] => [
  ...takenJobs.interrupted,
  ...takenJobs.unsure,
];

async function sayFailed(services: Services, link: Link, jobs: readonly InterruptedJob[]): Promise<void> {
  const { takenJobs, logger } = services;
  const assignmentIds = jobs.map(({ assignmentId }) => assignmentId);
  takenJobs.answering(assignmentIds);
  try {
    for (const message of jobs.flatMap((job) => answersTo(services, job))) await link.say(message);
    await link.heard();
  } catch (error) {
    takenJobs.notHeard(assignmentIds);
    throw error;
  }
  takenJobs.settled(assignmentIds);
  for (const { jobId } of jobs)
    logger.warn({ job: jobId, code: workerRestarted.code }, 'told the hub that a restart lost this job');
}

function answersTo(
  { config }: Services,
  { jobId, assignmentId, takenAtMs }: InterruptedJob,
): WorkerMessage[] {
  const conclusion = { outcome: 'failed', failure: workerRestarted, stage: null } as const;
  return messagesOf(
    { kind: 'conclusion', jobId, assignmentId, conclusion },
    {
      durationSeconds: Math.max(0, (Date.now() - takenAtMs) / 1_000),
      sendsErrors: config.hubErrors === 'on',
    },
  );
}

type Link = Awaited<ReturnType<typeof openLink>>;

/** A link that is only spoken on; whatever ends it ends what waits for it. */
async function openLink({ config }: Services, signal: AbortSignal) {
  const ended = new AbortController();
  const hub = new EventEmitter();
  const socket = await openHubSocket({
    url: config.hubUrl,
    signal,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    onMessage: (frame) => {
      if (parseHubFrame(frame)?.type === 'authFailed') ended.abort(new Error('the hub refuses the secret'));
    },
    onPong: () => void hub.emit('pong'),
    onClose: ({ reason }) => {
      ended.abort(new Error(reason));
      hub.emit('closed');
    },
    onFault: (error) => ended.abort(error),
  });
  return {
    say: (message: WorkerMessage) => socket.send(encodeWorkerMessage(message, (text) => text)),
    /** The hub's socket has read everything that was said. */
    heard: async () => {
      const pong = once(hub, 'pong', { signal: AbortSignal.any([signal, ended.signal]) });
      socket.ping();
      await pong;
    },
    /** With a farewell, so that the hub forgets this link at once. */
    close: async () => {
      if (ended.signal.aborted) return socket.terminate();
      const closed = once(hub, 'closed', { signal });
      socket.close();
      await closed.catch(() => {});
    },
  };
}
