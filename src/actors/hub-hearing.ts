import { randomUUID } from 'node:crypto';
import type { Failure } from '../../machines/contracts/failure.ts';
import type { HubMessage } from '../../machines/contracts/hub.ts';
import type { Backlog } from '../adapters/hub/backlog.ts';
import { type AssignmentHead, headOfAssignment } from '../adapters/hub/protocol.ts';
import type { Services } from '../run/services.ts';
import type { Admission } from './hub-admission.ts';
import { malformed, takeIn } from './hub-intake.ts';

/** One link: what it needs, and what came in on it. */
export interface Hearing {
  readonly services: Services;
  readonly say: (message: HubMessage) => void;
  /** Aborted when the link was given up. */
  readonly signal: AbortSignal;
  readonly backlog: Backlog;
  readonly admission: Admission;
}

/**
 * Takes one frame of the hub. An assignment is passed on when the journal has it: work that nobody knows of could not be
 * answered for. Whether there is room for it is decided first, and of one that there is no room for nothing is kept but
 * its ids and its token.
 */
export function hear(hearing: Hearing, frame: Buffer): void {
  const head = headOfAssignment(frame);
  if (!head) return hearOther(hearing, frame);
  const { vault, takenJobs } = hearing.services;
  const assignmentId = randomUUID();
  const after = takenJobs.taken(assignmentId, head.jobId);
  const { excess, ...claim } = head;
  vault.expect(assignmentId, { ...claim, tarballUrl: '', receivedAtMs: Date.now(), sizeBytes: 0 });
  // one that nobody will read takes no room from others while it waits
  const failure =
    excess === undefined
      ? hearing.admission.enter(assignmentId, head.jobId, frame.length)
      : malformed(excess).failure;
  // in functions of their own: what is written within one keeps alive whatever any of its closures needs
  if (failure) refuse(hearing, head, assignmentId, failure, after);
  else admit(hearing, frame, assignmentId, after);
}

function hearOther({ services, say, backlog }: Hearing, frame: Buffer): void {
  const act = () => {
    const message = takeIn(services, frame, '');
    if (message) say(message);
  };
  backlog.put({ act, sizeBytes: frame.length });
}

function refuse(
  { say, signal, backlog }: Hearing,
  { jobId }: AssignmentHead,
  assignmentId: string,
  failure: Failure,
  after: Promise<void>,
): void {
  const act = () => {
    if (!signal.aborted) say({ type: 'jobMalformed', jobId, assignmentId, failure });
  };
  backlog.put({ act, after });
}

function admit(
  { services, say, signal, backlog, admission }: Hearing,
  frame: Buffer,
  assignmentId: string,
  after: Promise<void>,
): void {
  const act = () => {
    admission.leave(assignmentId);
    // nobody listens any more, because the daemon ends or the disk hangs: the next process finds it in the journal
    if (signal.aborted) return;
    const message = takeIn(services, frame, assignmentId);
    // a frame that only seemed to be an assignment
    if (!message || !('assignmentId' in message)) services.vault.settle([assignmentId]);
    if (message) say(message);
  };
  backlog.put({ act, sizeBytes: frame.length, after });
}
