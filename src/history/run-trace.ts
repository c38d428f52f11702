import type { SnapshotFrom } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import { deliveredPass } from '../../machines/sign-job/context.ts';
import type { signJobMachine } from '../../machines/sign-job/machine.ts';
import { statePath, valueAt } from '../observability/state-path.ts';
import { Moves } from './moves.ts';
import { type JobRecord, type JobResult, MAX_PATH, MAX_SUBMISSIONS, type RecordedFailure } from './record.ts';
import { Stages } from './stages.ts';
import { lasted, Stopwatch } from './stopwatch.ts';
import { nameFrom, nameOrNull, type RedactSentence, recordedFailure } from './texts.ts';

export type RunSnapshot = Pick<SnapshotFrom<typeof signJobMachine>, 'value' | 'context' | 'status'>;
type RunContext = RunSnapshot['context'];

/** Where it stands, and the type of the event that led there. */
export interface SeenRun {
  readonly snapshot: RunSnapshot;
  readonly event: string;
}

/** What came with an assignment, as far as it was read. */
export interface AssignmentFacts {
  readonly receivedAtMs?: number | undefined;
  readonly platform?: 'macos' | 'ios' | undefined;
  readonly app?: { readonly name: string; readonly bundleId: string; readonly version: string } | undefined;
}

/** What a run is told to its owner with. */
export interface Ending {
  readonly result: JobResult;
  readonly failure: Failure | null;
}

/** States of the charts of Apple's services in which there is nothing to do but to ask again. */
const AT_APPLE = new Set(
  'doubting awaitingVerdict fetchingLog fetchingTicket awaitingProcessing awaitingBuild'.split(' '),
);
const WITH_APPLE = /^running\.(notarizing|publishing|distributing)\b/;
const AWAITS_MACHINE = /^running\.(awaitingMachine|askingForMachine|enteringMachine)\b/;

/** What is known of one run from watching its statechart; every call says what time it is. */
export class RunTrace {
  readonly #facts: AssignmentFacts;
  readonly #redact: RedactSentence;
  readonly #startedAtMs: number;
  readonly #stages = new Stages();
  readonly #waits = { slot: new Stopwatch(), machine: new Stopwatch(), apple: new Stopwatch() };
  readonly #path: { atMs: number; state: string }[] = [];
  readonly #moves = { job: new Moves(), machine: new Moves() };
  readonly #childStates = new Map<string, string>();
  readonly #submissions = new Set<string>();
  #value: unknown;
  #context: RunContext;
  #machine: string | null = null;
  #retries = 0;
  #end:
    | { readonly result: JobResult; readonly failure: RecordedFailure | null; readonly atMs: number }
    | undefined;

  constructor(seen: SeenRun, facts: AssignmentFacts, redact: RedactSentence, nowMs: number) {
    this.#facts = facts;
    this.#redact = redact;
    this.#startedAtMs = nowMs;
    this.#context = seen.snapshot.context;
    this.see(seen, nowMs);
  }

  get runId(): string {
    return this.#context.runId;
  }
  get jobId(): string {
    return this.#context.jobId;
  }
  get machine(): string | null {
    return this.#machine;
  }
  get failure(): Failure | null {
    return this.#context.failure;
  }
  /** Its result is known: what comes now is cleaning up. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  answers(assignmentId: string): boolean {
    return this.#context.assignmentIds.includes(assignmentId);
  }

  /** The sign-job has gone on. @returns true when a stage has begun */
  see({ snapshot: { value, context }, event }: SeenRun, nowMs: number): boolean {
    this.#context = context;
    if (value !== this.#value) this.#seeState(value, event, nowMs);
    this.#value = value;
    for (const id of context.acceptedAs) this.#noteSubmission(id);
    return !this.isOver && this.#stages.see(context.stage, nowMs);
  }

  /** The chart of its machine has gone on. */
  seeMachine(value: unknown, event: string, nowMs: number): void {
    this.#moves.machine.see(value, event, nowMs);
  }

  /** A chart that the run has invoked for one of Apple's services has gone on. */
  seeChild(id: string, value: unknown, submissionId: unknown, nowMs: number): void {
    // a port has no states
    if (value === undefined) return;
    if (typeof submissionId === 'string') this.#noteSubmission(submissionId);
    const state = statePath(value);
    if (state === this.#childStates.get(id)) return;
    this.#childStates.set(id, state);
    const [phase = ''] = state.split('.');
    this.#waits.apple.set(AT_APPLE.has(phase), nowMs);
    if (!AT_APPLE.has(phase)) this.#countRetry(state);
  }

  end({ result, failure }: Ending, nowMs: number): void {
    this.#stages.end(nowMs);
    for (const wait of Object.values(this.#waits)) wait.set(false, nowMs);
    this.#end = { result, failure: failure && this.#recorded(failure), atMs: nowMs };
  }

  record(nowMs: number): JobRecord {
    const { artifacts, publishedAs, leakedVm, recalledFor } = this.#context;
    const endedAtMs = this.#end?.atMs ?? null;
    const { receivedAtMs = null } = this.#facts;
    return {
      ...{ v: 1, runId: this.runId, jobId: nameFrom(this.jobId) },
      ...appOf(this.#facts, this.#context),
      ...{ receivedAtMs, startedAtMs: this.#startedAtMs, endedAtMs },
      durationMs: lasted(receivedAtMs ?? this.#startedAtMs, endedAtMs ?? nowMs),
      ...{ result: this.#end?.result ?? 'running', failure: this.#end?.failure ?? null },
      stage: this.#stages.last,
      stages: this.#stages.recorded(endedAtMs ?? nowMs),
      waits: {
        slotMs: this.#waits.slot.totalMs(nowMs),
        machineMs: this.#waits.machine.totalMs(nowMs),
        appleMs: this.#waits.apple.totalMs(nowMs),
      },
      retries: this.#retries,
      bytes: bytesOf(this.#context),
      ...{ machine: this.#machine, leakedMachine: nameOrNull(leakedVm) },
      artifacts: artifacts.map((artifact) => ({ ...artifact, name: nameFrom(artifact.name) })),
      submissions: [...this.#submissions],
      publishedAs: nameOrNull(publishedAs),
      isResumed: recalledFor !== null,
      path: [...this.#path],
      moves: { job: this.#moves.job.recorded, machine: this.#moves.machine.recorded },
    };
  }

  #seeState(value: unknown, event: string, nowMs: number): void {
    this.#moves.job.see(value, event, nowMs);
    if (valueAt(value, 'engaged', 'machine', 'owned') !== undefined) this.#machine = this.#context.vm.name;
    const state = statePath(valueAt(value, 'engaged', 'work')) || statePath(value);
    if (state === '' || state === this.#path.at(-1)?.state) return;
    this.#path.push({ atMs: nowMs, state });
    if (this.#path.length > MAX_PATH) this.#path.shift();
    if (this.isOver) return;
    this.#waits.slot.set(state === 'waitingForSlot', nowMs);
    this.#waits.machine.set(AWAITS_MACHINE.test(state), nowMs);
    if (!WITH_APPLE.test(state)) this.#waits.apple.set(false, nowMs);
    this.#countRetry(state);
  }

  #countRetry(state: string): void {
    if (state.endsWith('.pausing')) this.#retries += 1;
  }

  #noteSubmission(id: string): void {
    if (id !== '' && this.#submissions.size < MAX_SUBMISSIONS) this.#submissions.add(nameFrom(id));
  }

  #recorded(failure: Failure): RecordedFailure {
    return recordedFailure(failure, (text) => this.#redact(text, this.jobId));
  }
}

type AppFacts = Pick<JobRecord, 'appName' | 'target' | 'bundleId' | 'version'>;

/** The manifest names the app before anything else is known of it, and the bundle may say otherwise. */
export function appOf({ app, platform }: AssignmentFacts, context?: RunContext): AppFacts {
  const target = platform && (platform === 'ios' ? 'ios-sign' : 'macos-sign');
  return {
    appName: nameOrNull(context?.job?.appName ?? app?.name),
    target: context?.job?.target ?? target ?? null,
    bundleId: nameOrNull(context?.bundle?.bundleId ?? app?.bundleId),
    version: nameOrNull(app?.version),
  };
}

function bytesOf(context: RunContext): JobRecord['bytes'] {
  const { bundle, delivered, artifacts } = context;
  const artifact = delivered ?? artifacts[deliveredPass(context)] ?? null;
  return { bundle: bundle?.unpackedBytes ?? null, artifact: artifact?.sizeBytes ?? null };
}
