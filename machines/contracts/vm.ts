import type { Failure } from './failure.ts';

/** The clone that one run gets: made from the golden image, used once, deleted. */
export interface VmClone {
  readonly name: string;
  readonly image: string;
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
export type VmReport = { type: 'vm.ready' } | { type: 'vm.lost'; failure: Failure };

/** How a vm-lifecycle ended. `leaked` names a clone that still exists: counted, shown, swept later. */
export interface VmOutput {
  readonly name: string;
  readonly outcome: 'deleted' | 'leaked';
  readonly failure: Failure | null;
}
