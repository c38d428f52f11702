import type { AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import type { HubReport } from '../../machines/contracts/hub.ts';
import type { Conclusion } from '../../machines/contracts/job.ts';
import type { GivenBackJob } from '../../machines/supervisor/context.ts';
import { givenBackFor } from '../../machines/supervisor/failures.ts';
import type { JobRecord, JobResult } from './record.ts';
import { type AssignmentFacts, appOf, type Ending, RunTrace, type SeenRun } from './run-trace.ts';
import { lasted } from './stopwatch.ts';
import { nameFrom, type RedactSentence, recordedFailure } from './texts.ts';

export interface RecorderOptions {
  /** What came with an assignment, as long as that is known. */
  readonly factsOf: (assignmentId: string) => AssignmentFacts | undefined;
  readonly redact: RedactSentence;
  /** A run has begun, or a stage of one. */
  readonly onProgress: (record: JobRecord) => void;
  /** The result of a run is known: told once, before it is cleaned up. */
  readonly onFinished: (record: JobRecord) => void;
  /** The run is gone; what the cleaning up has come to is in the record now. */
  readonly onGone: (record: JobRecord) => void;
  /** Something could not be recorded. */
  readonly onFault: (error: unknown) => void;
  readonly now?: () => number;
}

type Step = Extract<InspectionEvent, { type: '@xstate.microstep' | '@xstate.snapshot' }>;
type Heard = Extract<InspectionEvent, { type: '@xstate.event' }>;
type Conclusive = Extract<HubReport, { kind: 'conclusion' }>;
type Child = { readonly value?: unknown; readonly context?: { readonly submissionId?: unknown } };

const RUN = /^run\.\d+$/;
const RUN_ENDED = /^xstate\.(done|error)\.actor\.(run\.\d+)$/;
/** Of those without a run, so that a job that goes back to the hub is told once. */
const MAX_ANSWERED = 200;

/**
 * Watches the actor system of the daemon, from the supervisor down, and tells what becomes of each assignment. It never
 * touches an actor and never throws. What is held is as much as there are runs.
 */
export class JobRecorder {
  readonly #options: RecorderOptions;
  readonly #now: () => number;
  /** By id of the actor, which comes back when the run is gone. */
  readonly #traces = new Map<string, RunTrace>();
  /** Those that broke, and of which nobody has told the result yet. */
  readonly #crashed = new Set<string>();
  #returned: readonly GivenBackJob[] = [];
  readonly #answered = new Set<string>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** For `inspect` of the root actor, or of its system. */
  readonly observe = (inspected: InspectionEvent): void => {
    try {
      // not each microstep is followed by a snapshot, and the first snapshot of an actor by no microstep
      if (inspected.type === '@xstate.microstep' || inspected.type === '@xstate.snapshot')
        this.#see(inspected);
      else if (inspected.type === '@xstate.event') this.#hear(inspected);
    } catch (error) {
      // an observer that throws would wedge the actor it looks at
      this.#options.onFault(error);
    }
  };

  /** Runs that go on, in the order of their beginning. */
  running(): JobRecord[] {
    const nowMs = this.#now();
    return this.#open().map((trace) => trace.record(nowMs));
  }

  /** The run that works for a job, or has this machine, as long as it is not gone. */
  runOf(jobId: string | undefined, machine?: string): string | undefined {
    const isMeant = (trace: RunTrace) =>
      jobId === undefined ? machine !== undefined && trace.machine === machine : trace.jobId === jobId;
    return [...this.#traces.values()].findLast(isMeant)?.runId;
  }

  has(runId: string): boolean {
    return [...this.#traces.values()].some((trace) => trace.runId === runId);
  }

  #open(): RunTrace[] {
    return [...this.#traces.values()].filter(({ isOver }) => !isOver);
  }

  #see({ type, actorRef, snapshot, event, rootId }: Step): void {
    const actor = actorRef as AnyActorRef;
    const { _parent: parent } = actor as { _parent?: AnyActorRef };
    // of the root when all that it does in one turn has been heard: it may give back what it has just let go
    if (!parent && type === '@xstate.snapshot') this.#seeReturned(snapshot as never, this.#now());
    if (!parent) return;
    if (parent.sessionId === rootId && RUN.test(actor.id))
      return this.#seeRun(actor.id, { snapshot: snapshot as never, event: event.type });
    const { value, context } = snapshot as Child;
    const trace = this.#traces.get(parent.id);
    if (actor.id === 'vm') trace?.seeMachine(value, event.type, this.#now());
    else trace?.seeChild(actor.id, value, context?.submissionId, this.#now());
  }

  #seeRun(actorId: string, seen: SeenRun): void {
    const nowMs = this.#now();
    const { snapshot } = seen;
    const known = this.#traces.get(actorId);
    if (known?.runId === snapshot.context.runId) {
      if (known.see(seen, nowMs)) this.#options.onProgress(known.record(nowMs));
      return;
    }
    // the end of an actor is told once more when its owner has heard of it
    if (snapshot.status !== 'active') return;
    const { factsOf, redact } = this.#options;
    const begun = new RunTrace(seen, factsOf(snapshot.context.runId) ?? {}, redact, nowMs);
    this.#traces.set(actorId, begun);
    this.#options.onProgress(begun.record(nowMs));
  }

  #hear({ event, actorRef, rootId }: Heard): void {
    if (event.type === 'hub.report') return this.#hearReport(event as never, this.#now());
    if ((actorRef as AnyActorRef).sessionId !== rootId) return;
    if (event.type === 'job.dropped') this.#drop(event, this.#now());
    else this.#hearEnd(event, this.#now());
  }

  #drop({ runId }: AnyEventObject, nowMs: number): void {
    const trace = this.#open().find((each) => each.runId === runId);
    if (trace) this.#finish(trace, { result: 'dropped', failure: trace.failure }, nowMs);
  }

  #hearEnd(event: AnyEventObject, nowMs: number): void {
    const [, , actorId] = RUN_ENDED.exec(event.type) ?? [];
    const trace = actorId === undefined ? undefined : this.#traces.get(actorId);
    if (actorId === undefined || !trace) return;
    // one that has crashed has no result yet: its owner gives it, in the same turn
    if (trace.isOver) this.#forget(actorId, trace, nowMs);
    else this.#crashed.add(actorId);
  }

  /** Every answer to the hub passes here: of runs, of those that have crashed, and of assignments without a run. */
  #hearReport({ report }: { report: HubReport }, nowMs: number): void {
    if (report.kind !== 'conclusion') return;
    const { assignmentId, conclusion } = report;
    const trace = this.#open().find((each) => each.answers(assignmentId));
    const failure = conclusion.outcome === 'succeeded' ? null : conclusion.failure;
    if (trace) return this.#finish(trace, { result: conclusion.outcome, failure }, nowMs);
    this.#noteAnswered(assignmentId);
    this.#finishWithoutRun(report, resultWithoutRun(conclusion), failure, nowMs);
  }

  #finish(trace: RunTrace, ending: Ending, nowMs: number): void {
    trace.end(ending, nowMs);
    this.#options.onFinished(trace.record(nowMs));
    for (const actorId of this.#crashed)
      if (this.#traces.get(actorId) === trace) this.#forget(actorId, trace, nowMs);
  }

  #forget(actorId: string, trace: RunTrace, nowMs: number): void {
    this.#traces.delete(actorId);
    this.#crashed.delete(actorId);
    this.#options.onGone(trace.record(nowMs));
  }

  #finishWithoutRun(
    { jobId, assignmentId }: Pick<Conclusive, 'jobId' | 'assignmentId'>,
    result: JobResult,
    failure: Failure | null,
    nowMs: number,
  ): void {
    const facts = this.#options.factsOf(assignmentId) ?? {};
    const { receivedAtMs = null } = facts;
    const redact = (text: string) => this.#options.redact(text, jobId);
    const record: JobRecord = {
      ...{ v: 1, runId: assignmentId, jobId: nameFrom(jobId), ...appOf(facts) },
      ...{ receivedAtMs, startedAtMs: nowMs, endedAtMs: nowMs },
      durationMs: lasted(receivedAtMs ?? nowMs, nowMs),
      ...{ result, failure: failure && recordedFailure(failure, redact), stage: null, stages: [] },
      ...{ waits: { slotMs: 0, machineMs: 0, appleMs: 0 }, retries: 0 },
      ...{ bytes: { bundle: null, artifact: null }, machine: null, leakedMachine: null },
      ...{ artifacts: [], submissions: [], publishedAs: null, isResumed: false, path: [] },
      moves: { job: [], machine: [] },
    };
    this.#options.onFinished(record);
    this.#options.onGone(record);
  }

  /** Jobs that came when no more were wanted, and that the hub took back with the link: nobody answers for them. */
  #seeReturned(
    { status, context }: { status: string; context: { returned?: readonly GivenBackJob[] } },
    nowMs: number,
  ): void {
    const returned = status === 'active' ? (context.returned ?? []) : [];
    if (returned === this.#returned) return;
    const gone = this.#returned.filter((job) => !returned.includes(job));
    this.#returned = returned;
    for (const job of gone)
      if (!this.has(job.assignmentId) && !this.#answered.has(job.assignmentId))
        this.#finishWithoutRun(job, 'returned', givenBackFor[job.cause], nowMs);
  }

  #noteAnswered(assignmentId: string): void {
    this.#answered.add(assignmentId);
    const [oldest] = this.#answered;
    if (this.#answered.size > MAX_ANSWERED && oldest !== undefined) this.#answered.delete(oldest);
  }
}

const resultWithoutRun = ({ outcome }: Conclusion): JobResult =>
  outcome === 'returned' ? 'returned' : 'notTaken';
