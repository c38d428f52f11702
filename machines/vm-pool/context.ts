import type { DoneActorEvent, ErrorActorEvent } from 'xstate';
import type { Recipient } from '../contracts/actors.ts';
import type { PoolReport, VmOutput, VmReport } from '../contracts/vm.ts';
import type { Standbys } from './standbys.ts';

export interface VmPoolInput {
  readonly image: string;
  /** Identity of this installation, part of every clone's name. */
  readonly instance: string;
  /** Machines to keep, where there are slots. */
  readonly size: number;
  readonly free: number;
  /**
   * Machines that may boot at the same time, where a boot keeps processors busy: the first one is ready sooner, and a job
   * that begins has them to itself. Any number when left out.
   */
  readonly bootsAtOnce?: number | undefined;
  readonly owner: Recipient<PoolReport>;
}

export interface VmPoolContext extends VmPoolInput {
  readonly standbys: Standbys;
  /** Runs that wait for an answer, in order. */
  readonly requests: readonly string[];
}

export type StandbyActorId = `standby.${number}`;
export type VmPoolEvent =
  /** `free`: the slots that are left when this run has its own. */
  | { type: 'machine.requested'; runId: string; free: number }
  | { type: 'machine.withdrawn'; runId: string }
  | { type: 'pool.resized'; free: number }
  /** No more standby machines; requests are answered on. */
  | { type: 'pool.closing' }
  | VmReport
  | DoneActorEvent<VmOutput, StandbyActorId>
  | ErrorActorEvent<unknown, StandbyActorId>;
