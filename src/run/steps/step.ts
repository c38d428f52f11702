import { TRY_AGAIN_OR_LOOK } from '../../../machines/contracts/wording.ts';
import type { GuestSession } from '../../adapters/guest/guest.ts';
import type { SignPass } from '../../domain/plan.ts';
import type { Toolchain } from '../../domain/toolchain.ts';
import { ShipError } from '../../errors.ts';
import type { Services } from '../services.ts';
import type { Assignment, Claim } from '../vault.ts';
import { type Desk, held, type SigningMaterial } from '../workbench.ts';

/** What a step can tell while it works; the statechart passes it on to the user. */
export interface StepReporter {
  /** Share of the current stage, 0 to 99; whole numbers that grow are passed on, others are not. */
  progress(percent: number): void;
  /** A line that the user is shown. */
  log(line: string): void;
  /** How much of a transfer has left; what stands still is given up. */
  moved(sentBytes: number, sizeBytes: number): void;
}

/** Everything that a step works with. */
export interface StepScope {
  readonly services: Services;
  readonly desk: Desk;
  /** The assignment whose token is valid now. */
  readonly assignmentId: string;
  /** Which pass of the plan the step is about, counted from 0. */
  readonly pass: number;
  readonly signal: AbortSignal;
  readonly report: StepReporter;
  /** The run's machine as soon as it takes commands; left out where there is none to come. */
  readonly guest?: () => GuestSession | undefined;
}

export interface GuestStepScope extends StepScope {
  readonly session: GuestSession;
  /** What the guest can do; null until it was asked. */
  readonly toolchain: Toolchain | null;
}

/** The assignment that the run began with, as it came, secrets included. */
export function assignmentOf({ services, desk: { runId } }: StepScope): Assignment {
  const assignment = services.vault.assignment(runId);
  if (!assignment) throw new Error(`assignment ${runId} is not in the vault`);
  return assignment;
}

/** Where the bundle comes from and the artifact goes to, with the token that is valid now. */
export function claimOf({ services, assignmentId }: StepScope): Claim {
  const claim = services.vault.claim(assignmentId);
  if (!claim) throw new Error(`assignment ${assignmentId} is not in the vault`);
  return claim;
}

/** What the plan says of the pass that a step is about. */
export function passOf({ desk, pass }: Pick<StepScope, 'desk' | 'pass'>): SignPass {
  const planned = held(desk, 'plan').passes[pass];
  if (!planned) throw new Error(`the plan has no pass ${pass}`);
  return planned;
}

/** What the pass that a step is about signs with. */
export function materialOf({ desk, pass }: Pick<StepScope, 'desk' | 'pass'>): SigningMaterial {
  const material = held(desk, 'materials')[pass];
  if (!material) throw new Error(`pass ${pass} has nothing to sign with`);
  return material;
}

/** The open connection into the run's machine. */
export function sessionOf(services: Services, vmName: string): GuestSession {
  const session = services.guests.get(vmName);
  if (session) return session;
  throw new ShipError('GUEST_LOST', {
    summary: 'The connection to the virtual machine was lost.',
    reason: 'There is no open connection to it any more.',
    nextStep: TRY_AGAIN_OR_LOOK,
  });
}
