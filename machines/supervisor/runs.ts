import type { ActorRefFrom } from 'xstate';
import type { signJobMachine } from '../sign-job/machine.ts';

/** What the supervisor knows of one run: its position in the line, and whom to talk to. */
export interface Run {
  readonly runId: string;
  /** Makes the id of its actor; free for another run when this one has ended. */
  readonly number: number;
  readonly jobId: string;
  /** Vault keys: the run's own id, and the one that was adopted last, if any. */
  readonly assignmentIds: readonly string[];
  /** `concluded`: it has said its last word, or will never say one, and only cleans up. */
  readonly phase: 'admitting' | 'waiting' | 'working' | 'concluded';
  /** True once the run has had a slot: it gives it back only by ending. */
  readonly holdsSlot: boolean;
  /** Its position in the line as the hub was told, counted from 1; 0 before. */
  readonly toldPosition: number;
  /** A standby machine that was handed to the run; its own clone otherwise. */
  readonly handedVm: string | null;
  /** `lost`: the hub took the job back and may hand it to us again; the run gives way to others meanwhile. */
  readonly claim: 'held' | 'lost';
  readonly ref: ActorRefFrom<typeof signJobMachine>;
}

/** In the order of arrival. */
export type Runs = readonly Run[];

export const actorIdOf = ({ number }: Pick<Run, 'number'>): `run.${number}` => `run.${number}`;
export const sweepIdOf = ({ number }: Pick<Run, 'number'>): `sweep.${number}` => `sweep.${number}`;

/** The assignment that the run answers: the newest. */
export const assignmentOf = ({ assignmentIds, runId }: Pick<Run, 'assignmentIds' | 'runId'>): string =>
  assignmentIds.at(-1) ?? runId;

/** The run whose actor, or whose sweep, has this id. */
export const runOfActor = (runs: Runs, actorId: string): Run | undefined =>
  runs.find((run) => actorIdOf(run) === actorId || sweepIdOf(run) === actorId);

export const find = (runs: Runs, runId: string): Run | undefined => runs.find((run) => run.runId === runId);

/** Those that still work for their job; a concluded one is only cleaning up. */
export const openRuns = (runs: Runs): Runs => runs.filter((run) => run.phase !== 'concluded');

export const openRunOf = (runs: Runs, jobId: string): Run | undefined =>
  openRuns(runs).find((run) => run.jobId === jobId);

export const change = (runs: Runs, runId: string, with_: Partial<Run>): Runs =>
  runs.map((run) => (run.runId === runId ? { ...run, ...with_ } : run));

export const waiting = (runs: Runs): Runs => runs.filter((run) => run.phase === 'waiting');

/** Those who stand elsewhere in the line than the hub was told. */
export const movedInLine = (runs: Runs): { runId: string; jobId: string; position: number }[] =>
  waiting(runs)
    .map(({ runId, jobId, toldPosition }, index) => ({ runId, jobId, toldPosition, position: index + 1 }))
    .filter(({ position, toldPosition }) => position !== toldPosition);

/** Slots that no run holds. */
export const freeSlots = (runs: Runs, maxConcurrent: number): number =>
  Math.max(0, maxConcurrent - runs.filter((run) => run.holdsSlot).length);

/** Those in line whose job is theirs for sure; one that the hub took back has no use for a slot. */
const ready = (runs: Runs): Runs => waiting(runs).filter(({ claim }) => claim === 'held');

/** Those whose turn it is: the first in line, as many as there are free slots. */
export function nextInLine(runs: Runs, maxConcurrent: number): Runs {
  return ready(runs).slice(0, freeSlots(runs, maxConcurrent));
}

/** Those whose job the hub took back: of a lost link it hands out one again, at once or never. */
export const lostRuns = (runs: Runs): Runs => openRuns(runs).filter(({ claim }) => claim === 'lost');

/** As many of those as others wait for their slots, slots that are being cleared not counted. */
export function givingWay(runs: Runs, maxConcurrent: number): Runs {
  const clearing = runs.filter(({ phase, holdsSlot }) => phase === 'concluded' && holdsSlot).length;
  const wanted = ready(runs).length - freeSlots(runs, maxConcurrent) - clearing;
  return lostRuns(runs)
    .filter(({ holdsSlot }) => holdsSlot)
    .slice(0, Math.max(0, wanted));
}
