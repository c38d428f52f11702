import type { Recipient } from '../contracts/actors.ts';
import type { Failure } from '../contracts/failure.ts';
import type { VmAddress, VmClone, VmReport } from '../contracts/vm.ts';

export interface VmLifecycleInput extends VmClone {
  readonly owner: Recipient<VmReport>;
}

export interface VmLifecycleContext extends VmLifecycleInput {
  readonly address: VmAddress | null;
  readonly failure: Failure | null;
  readonly deleteAttempts: number;
  /** How often the host had no slot for it. */
  readonly refusals: number;
  /** Of the guest, the last one of those in a row. */
  readonly rebuff: Failure | null;
  /** How often in a row the way to the guest was refused, by others than the guest. */
  readonly wayRefusals: number;
}

export type VmLifecycleEvent =
  | { type: 'vm.releaseRequested' }
  | { type: 'vm.checkRequested' }
  | { type: 'vm.handOverRequested' }
  | { type: 'vm.keepRequested' }
  | { type: 'vm.started' }
  /** `inOrder`: the guest has shut itself down. */
  | { type: 'vm.exited'; reason: string; inOrder?: boolean; failure?: Failure }
  /** `mayReturn`: nothing was done in it yet, and the machine may live on. */
  | { type: 'guest.lost'; reason: string; mayReturn?: boolean };
