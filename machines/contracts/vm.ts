import type { Failure } from './failure.ts';

/** The clone that one run gets: made from the golden image, used once, deleted. */
export interface VmClone {
  readonly name: string;
  readonly image: string;
  /** It runs and is connected already: a standby machine that was handed over. */
  readonly isBooted?: boolean;
}

/** Where the guest answers; everything secret about the way in stays with the adapter. */
export interface VmAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyFingerprint: string;
  /** Name of the machine that should answer there, for a driver that can prove it. */
  readonly machine?: string;
}

/** What a vm-lifecycle tells its owner while it lives. */
export type VmReport =
  | { type: 'vm.ready'; name: string }
  | { type: 'vm.lost'; name: string; failure: Failure };

/** What the vm-pool tells its owner. */
export type PoolReport =
  /** Null: no standby machine, the run makes its own. */
  | { type: 'pool.answered'; runId: string | null; vm: VmClone | null }
  | { type: 'pool.leaked'; name: string }
  /** Standby machines that hold a slot of the host now. */
  | { type: 'pool.changed'; standbys: number };

/**
 * How a vm-lifecycle ended. `leaked` names a clone that still exists: counted, shown, swept later; `handedOver` one
 * that runs and belongs to somebody else now; `kept` one that was shut down to become a golden image.
 */
export interface VmOutput {
  readonly name: string;
  readonly outcome: 'deleted' | 'leaked' | 'handedOver' | 'kept';
  readonly failure: Failure | null;
}
