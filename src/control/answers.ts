import type { Actor } from 'xstate';
import { openRuns } from '../../machines/supervisor/runs.ts';
import type { provideSupervisor } from '../actors/supervisor.ts';
import { type DaemonStatus, type StatusFacts, statusOf } from '../observability/status.ts';
import type { ControlReply, WishRequest } from './protocol.ts';

export type Supervisor = Actor<ReturnType<typeof provideSupervisor>>;
/** Those of the facts that do not change with the moment. */
export type StandingFacts = Omit<StatusFacts, 'nowMs'>;

/** Asked again and again, how the daemon stands. */
export const statusNow =
  (supervisor: Supervisor, facts: StandingFacts): (() => DaemonStatus) =>
  () =>
    statusOf(supervisor.getSnapshot(), { ...facts, nowMs: Date.now() });

/** Turns requests into wishes to the supervisor; every answer says how things stand after the wish. */
export function answersOf(
  supervisor: Supervisor,
  facts: StandingFacts,
): (request: WishRequest) => ControlReply {
  const now = statusNow(supervisor, facts);
  return (request) => {
    if (request.request === 'drain') supervisor.send({ type: 'drain.requested' });
    if (request.request === 'yield') supervisor.send({ type: 'yield.requested' });
    if (request.request === 'shutdown') shutDown(supervisor);
    if (request.request === 'pause' || request.request === 'resume')
      return pause(supervisor, request.request, now);
    if (request.request === 'cancel') return cancel(supervisor, request.jobId, now);
    return { ok: true, status: now() };
  };
}

/** From `accepting` the first wish drains; only then the second one cancels. */
export function shutDown(supervisor: Pick<Supervisor, 'send'>): void {
  supervisor.send({ type: 'drain.requested' });
  supervisor.send({ type: 'shutdown.requested' });
}

const CANNOT_PAUSE = ['draining', 'declining', 'stopping', 'answering', 'closing', 'stopped'];

function pause(supervisor: Supervisor, wish: 'pause' | 'resume', now: () => DaemonStatus): ControlReply {
  const { work } = now();
  if (CANNOT_PAUSE.includes(work)) return { ok: false, failure: ending(work, wish) };
  supervisor.send({ type: `${wish}.requested` });
  const status = now();
  if (status.pauseProblem !== null) return { ok: false, failure: notKept(status.pauseProblem, wish) };
  return { ok: true, status };
}

function cancel(supervisor: Supervisor, name: string, now: () => DaemonStatus): ControlReply {
  const open = openRuns(supervisor.getSnapshot().context.runs).map(({ jobId }) => jobId);
  const named = jobsNamed(name, open);
  const [jobId] = named;
  if (jobId === undefined) return { ok: false, failure: unknown(name, open) };
  if (named.length > 1) return { ok: false, failure: ambiguous(name, named) };
  supervisor.send({ type: 'job.cancelRequested', jobId });
  return { ok: true, status: now(), jobId };
}

/** The job of exactly that name, or those whose names begin so. */
function jobsNamed(name: string, open: readonly string[]): readonly string[] {
  return open.includes(name) ? [name] : open.filter((jobId) => jobId.startsWith(name));
}

const ending = (work: string, wish: 'pause' | 'resume') =>
  ({
    code: 'DAEMON_ENDING',
    summary: `The daemon cannot be ${wish}d any more.`,
    reason: `It is ${work}: it takes no more jobs and ends when those that run have finished.`,
    nextStep: 'Start it again when it has ended; "perry-ship status" shows when that is.',
  }) as const;

/** It was done all the same. */
const notKept = (problem: string, wish: 'pause' | 'resume') =>
  ({
    code: 'PAUSE_NOT_KEPT',
    summary:
      wish === 'pause'
        ? 'The daemon is paused, but a restart would let it take jobs.'
        : 'The daemon is not paused any more, but would be after a restart.',
    reason: `What it is to be then could not be written down: ${problem}.`,
    nextStep: `Make room on the disk of the state directory, or let the user of the daemon write there; then run "perry-ship ${wish}" again.`,
  }) as const;

const unknown = (name: string, open: readonly string[]) =>
  ({
    code: 'JOB_UNKNOWN',
    summary: `No job "${name}" is running here.`,
    reason:
      open.length === 0
        ? 'No job is running here at all; it may have ended already.'
        : `Running are: ${open.join(', ')}.`,
    nextStep: 'Take the job, or the first letters of it, from the first column of "perry-ship status".',
  }) as const;

const ambiguous = (name: string, jobs: readonly string[]) =>
  ({
    code: 'JOB_AMBIGUOUS',
    summary: `"${name}" may be any of ${jobs.length} jobs.`,
    reason: `They are: ${jobs.join(', ')}.`,
    nextStep: 'Give enough letters of the job to tell it from the others.',
  }) as const;
