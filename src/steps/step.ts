import type { Services } from '../actors/services.ts';
import type { GuestSession } from '../adapters/vm/guest.ts';
import { ShipError } from '../errors.ts';
import type { Assignment } from '../vault.ts';
import type { Desk } from './workbench.ts';

/** What a step can tell while it works; the statechart passes it on to the user. */
export interface StepReporter {
  /** Share of the current stage, 0 to 99; whole numbers that grow are passed on, others are not. */
  progress(percent: number): void;
  /** A line that the user is shown. */
  log(line: string): void;
}

/** Everything that a step works with. */
export interface StepScope {
  readonly services: Services;
  readonly desk: Desk;
  /** The assignment whose token is valid now. */
  readonly assignmentId: string;
  readonly signal: AbortSignal;
  readonly report: StepReporter;
}

export interface GuestStepScope extends StepScope {
  readonly session: GuestSession;
}

/** The assignment as it came, secrets included. */
export function assignmentOf({ services, assignmentId }: StepScope): Assignment {
  const assignment = services.vault.assignment(assignmentId);
  if (!assignment) throw new Error(`assignment ${assignmentId} is not in the vault`);
  return assignment;
}

/** The open connection into the run's machine. */
export function sessionOf(services: Services, vmName: string): GuestSession {
  const session = services.guests.get(vmName);
  if (session) return session;
  throw new ShipError('GUEST_LOST', {
    summary: 'The connection to the virtual machine of this job was lost.',
    reason: 'There is no open connection to it any more.',
    nextStep: 'Send the job again; if it fails again, the operator of the worker should look at its log.',
  });
}
