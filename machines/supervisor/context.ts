import type { DoneActorEvent, ErrorActorEvent } from 'xstate';
import type { ClusterReport } from '../contracts/cluster.ts';
import type { HubNews } from '../contracts/hub.ts';
import type { JobOutput, JobReport } from '../contracts/job.ts';
import type { Obstacle } from '../contracts/obstacle.ts';
import type { PoolReport } from '../contracts/vm.ts';
import type { InterruptedJobsReport } from '../interrupted-jobs/setup.ts';
import type { PurgeInput } from '../sign-job/ports.ts';
import { find, type Runs } from './runs.ts';

/** A job that was assigned and not begun. */
export interface ReturnedJob {
  readonly jobId: string;
  readonly assignmentId: string;
}

/** Why a job that was assigned goes back to the hub. */
export type ReturnCause = 'paused' | 'unable' | 'yielding' | 'stopping';

export interface GivenBackJob extends ReturnedJob {
  readonly cause: ReturnCause;
}

export interface SupervisorInput {
  /** Jobs at the same time; what there was room for at the start, where that is followed. */
  readonly maxConcurrent: number;
  /** Machines that the hosts had room for at the start; left out where that does not change. */
  readonly room?: number | undefined;
  /** As many jobs at the same time as the hosts have room for; otherwise room limits nothing but standby machines. */
  readonly followsRoom?: boolean;
  readonly image: string;
  /** Identity of this installation, part of every clone's name, so that a sweep touches only its own. */
  readonly instance: string;
  /** Machines that are booted before a job needs one, where there are free slots; 0 for none. */
  readonly standbySize: number;
  /** Of these, as many may boot at the same time; all when left out. */
  readonly bootsAtOnce?: number | undefined;
  /** Jobs that the previous process was killed in and that the hub still counts as running there; until they are answered. */
  readonly interruptedJobIds?: readonly string[];
  /** Jobs of that process of which it is not known whether the hub took them back, or has their result. */
  readonly unsureJobIds?: readonly string[];
  /** No jobs are taken until the daemon is resumed; in the input: it was paused when it ended. */
  readonly isPaused?: boolean;
  /** What stood in the way of every job before the start. */
  readonly obstacles?: readonly Obstacle[];
  /** Jobs that may wait for a slot; `MAX_WAITING_JOBS` when left out. */
  readonly maxWaiting?: number;
}

export interface SupervisorContext extends SupervisorInput {
  /** An upgrade waits for the jobs that run, and may have said so before anything was taken. */
  readonly isYielding: boolean;
  /** While there are any, no job is taken. */
  readonly obstacles: readonly Obstacle[];
  readonly runs: Runs;
  /** Assignments that came unwanted, until it is known whether the hub took them back. */
  readonly returned: readonly GivenBackJob[];
  readonly leaked: readonly string[];
  /** How often in a row the leaks were looked after. */
  readonly leakSweeps: number;
  /** Standby machines, each of which takes a slot of the host. */
  readonly standbys: number;
  /** Slots that the host refused a machine for: out of service for a while. One always stays. */
  readonly quarantined: number;
  readonly concluded: { readonly succeeded: number; readonly failed: number; readonly cancelled: number };
}

/** What a run that crashed may have left: what every run purges, and its machine. */
export interface SweepRunInput extends PurgeInput {
  readonly vmName: string;
}

export type RunActorId = `run.${number}`;
export type SweepActorId = `sweep.${number}`;
export type SupervisorEvent =
  | HubNews
  | JobReport
  | PoolReport
  | { type: 'leaks.noticed' }
  | { type: 'slot.refused' }
  /** A job failed of what may stand in the way of every other as well. */
  | { type: 'obstacle.suspected' }
  | { type: 'job.returned' }
  /** The hub did not take this one back. */
  | ({ type: 'job.kept' } & ReturnedJob)
  | { type: 'returns.settled' }
  | InterruptedJobsReport
  | ClusterReport
  | { type: 'yield.requested' }
  | { type: 'yield.withdrawn' }
  | { type: 'pause.requested' }
  | { type: 'resume.requested' }
  | { type: 'drain.requested' }
  | { type: 'shutdown.requested' }
  | { type: 'job.cancelRequested'; jobId: string }
  | { type: 'sweep.expired'; runId: string }
  | DoneActorEvent<JobOutput, RunActorId>
  | ErrorActorEvent<unknown, RunActorId>
  | DoneActorEvent<void, SweepActorId>
  | ErrorActorEvent<unknown, SweepActorId>;

/** The machine of a run: the standby machine that it was handed, or its own clone. */
export function vmOf(context: SupervisorContext, runId: string): string {
  return find(context.runs, runId)?.handedVm ?? vmNameOf(context.instance, runId);
}

/** Parsed back by the driver's side, which refuses to touch any other name. */
export function vmNameOf(instance: string, runId: string): string {
  return `perry-ship-${instance}-${runId}`;
}
