import type { Failure } from '../contracts/failure.ts';
import type { FoundDaemon, Survey, Versions } from './ports.ts';

export interface UpgradeInput {
  /** The version that is in place. */
  readonly from: string;
  /** Otherwise it only says what it would do. */
  readonly mayChange: boolean;
}

export interface UpgradeContext extends UpgradeInput {
  /** Null until the registry has said it. */
  readonly to: string | null;
  readonly daemon: FoundDaemon;
  readonly wasOnline: boolean;
  readonly drainTimeoutMs: number;
  readonly unproven: Survey['unproven'];
  /** The new program is in place. */
  readonly isSwapped: boolean;
  readonly failure: Failure | null;
}

/**
 * `upgraded` · `planned`: nothing was changed, as was wished · `current`: there is nothing to do · `unchanged`: it failed
 * before anything was changed · `returned`: it failed, and the version of before is in place again · `stranded`: that failed
 * as well.
 */
export type UpgradeOutcome = 'upgraded' | 'planned' | 'current' | 'unchanged' | 'returned' | 'stranded';

export interface UpgradeOutput {
  readonly outcome: UpgradeOutcome;
  readonly from: string;
  readonly to: string | null;
  readonly daemon: FoundDaemon;
  readonly failure: Failure | null;
}

export type UpgradeEvent = { type: 'cancel.requested' };

export type UpgradePhase =
  | 'surveying'
  | 'asking'
  | 'installing'
  | 'trying'
  | 'draining'
  | 'swapping'
  | 'starting'
  | 'returning';

/** What whoever shows the upgrade is told. */
export interface UpgradeNote {
  readonly type: 'began';
  readonly phase: UpgradePhase;
  readonly from: string;
  readonly to: string | null;
}

/** Both versions. Throws before the registry was asked: a defect of the chart. */
export function versionsOf({ from, to }: Pick<UpgradeContext, 'from' | 'to'>): Versions {
  if (to !== null) return { from, to };
  throw new Error('the new version is known before anything is done with it');
}
