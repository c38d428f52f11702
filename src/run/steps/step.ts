import type { GuestSession } from '../../adapters/guest/guest.ts';
import type { SigningIdentity } from '../../domain/identity/index.ts';
import type { SignPass } from '../../domain/plan.ts';
import type { Toolchain } from '../../domain/toolchain.ts';
import type { ClaimAccess } from '../channel/run-setup.ts';
import { need, type RunResults, type SigningMaterial } from '../run-results.ts';
import type { RunServices } from '../services.ts';

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
  readonly services: RunServices;
  readonly results: RunResults;
  /** Under the token that is valid now; null without a hub. */
  readonly claim: ClaimAccess | null;
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

/** The hub's side of a job that came from one. */
export function claimOf({ claim }: Pick<StepScope, 'claim'>): ClaimAccess {
  if (claim) return claim;
  throw new Error('the job came from no hub');
}

/** What the plan says of the pass that a step is about. */
export function passOf({ results, pass }: Pick<StepScope, 'results' | 'pass'>): SignPass {
  const planned = need(results, 'plan').passes[pass];
  if (!planned) throw new Error(`the plan has no pass ${pass}`);
  return planned;
}

/** What the pass that a step is about signs with. */
export function materialOf({ results, pass }: Pick<StepScope, 'results' | 'pass'>): SigningMaterial {
  const material = need(results, 'materials')[pass];
  if (!material) throw new Error(`pass ${pass} has nothing to sign with`);
  return material;
}

/** What the installer package of the pass is signed with. */
export function installerOf(scope: Pick<StepScope, 'results' | 'pass'>): SigningIdentity {
  const { installer } = materialOf(scope);
  if (!installer) throw new Error(`pass ${scope.pass} makes no installer package`);
  return installer;
}
