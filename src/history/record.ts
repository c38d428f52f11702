import * as z from 'zod';

/** States that are kept of the way of one run; of more, the last ones. */
export const MAX_PATH = 500;
/** Steps that are kept of each of its statecharts; of more, the last ones. */
export const MAX_MOVES = 200;
export const MAX_STAGES = 100;
export const MAX_SUBMISSIONS = 20;
export const MAX_NAME_CHARACTERS = 256;
export const MAX_SENTENCE_CHARACTERS = 2_000;

/** In the order in which a job comes to them. */
export const stageNames = [
  'extracting',
  'generating_assets',
  'signing',
  'packaging',
  'notarizing',
  'publishing',
  'uploading',
] as const;

/**
 * What became of a run. `running`: nothing yet. `returned`: given back to the hub before anything had left this host.
 * `dropped`: the hub gave the job to somebody else. `notTaken`: refused before a run of it began. `interrupted`: the
 * daemon was killed meanwhile; the hub may have handed the job out again since, as a run of its own.
 */
export const jobResults = [
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'returned',
  'dropped',
  'notTaken',
  'interrupted',
] as const;

const name = z.string().max(MAX_NAME_CHARACTERS);
const sentence = z.string().max(MAX_SENTENCE_CHARACTERS);
const atMs = z.number().nonnegative();
const ms = z.number().nonnegative();
const bytes = z.number().nonnegative();

const failureSchema = z.object({
  code: name,
  kind: z.enum(['input', 'host', 'upstream', 'defect']),
  summary: sentence,
  reason: sentence,
  nextStep: sentence,
});

const stageSchema = z.object({ stage: z.enum(stageNames), startedAtMs: atMs, durationMs: ms });

/** One step of a statechart. What `entered` does not name goes on, as far as it is no alternative to what it names. */
const moveSchema = z.object({
  atMs,
  /** The type of the event that led there. */
  event: z.string().max(200),
  /** The innermost states that are new, with blanks between them. */
  entered: z.string().max(2_000),
});
const moves = z.array(moveSchema).max(MAX_MOVES);

const artifactSchema = z.object({ name, sizeBytes: bytes, sha256Hex: z.string().regex(/^[0-9a-f]{64}$/) });

/**
 * One run of one job, as the history keeps it and the page gets it. Holds names, times and the sentences that the hub was
 * told, never a secret; texts of others are one line each, without control characters. Times are milliseconds since
 * 1970 (`…AtMs`) or milliseconds (`…Ms`). Fields are added, never renamed.
 */
export const jobRecordSchema = z.object({
  v: z.literal(1),
  /** Ours; that of the assignment with which the run began. */
  runId: name,
  /** The hub's. */
  jobId: name,
  appName: name.nullable(),
  target: z.enum(['macos-sign', 'ios-sign']).nullable(),
  bundleId: name.nullable(),
  version: name.nullable(),
  /** When the assignment came in, as long as that was known. */
  receivedAtMs: atMs.nullable(),
  startedAtMs: atMs,
  /** When its result was said; cleaning up comes after. Of an interrupted run, when it was last heard of. Null while it runs. */
  endedAtMs: atMs.nullable(),
  /** From the arrival of the assignment to the end, or until now. */
  durationMs: ms,
  result: z.enum(jobResults),
  /** Null for a run that succeeded, or goes on. */
  failure: failureSchema.nullable(),
  /** Where it is, or where it ended; null before the first stage. */
  stage: z.enum(stageNames).nullable(),
  /** In order; one that came twice is there twice. The last one of a run that goes on is counted until now. */
  stages: z.array(stageSchema).max(MAX_STAGES),
  waits: z.object({
    /** For one of the slots. */
    slotMs: ms,
    /** For its machine, and for the login there, with nothing else left to do. */
    machineMs: ms,
    /** For Apple to judge a submission, and to process a build; the uploads themselves are no part of it. */
    appleMs: ms,
  }),
  /** Attempts of transfers, logins and requests to Apple beyond the first one each. */
  retries: z.number().nonnegative(),
  /** `bundle`: as it was unpacked; `artifact`: the one that was, or would have been, delivered. */
  bytes: z.object({ bundle: bytes.nullable(), artifact: bytes.nullable() }),
  /** Null when none was asked for. */
  machine: name.nullable(),
  /** That machine, when it could not be deleted. */
  leakedMachine: name.nullable(),
  /** Of each pass, as it was in the end. */
  artifacts: z.array(artifactSchema).max(8),
  /** Apple's ids of the submissions for notarization. */
  submissions: z.array(name).max(MAX_SUBMISSIONS),
  /** Apple's id of the upload of the build that it took. */
  publishedAs: name.nullable(),
  /** The artifact was signed before a restart: its notarization was gone on with. */
  isResumed: z.boolean().default(false),
  /** Where the work of the run stood, from when on: paths as in `perry-ship status`, e.g. `running.codesigning`. */
  path: z.array(z.object({ atMs, state: z.string().max(200) })).max(MAX_PATH),
  /** The same with all regions, and in the statechart of its machine. */
  moves: z.object({ job: moves, machine: moves }).default({ job: [], machine: [] }),
});

export type JobRecord = z.output<typeof jobRecordSchema>;
export type JobResult = JobRecord['result'];
export type RecordedFailure = NonNullable<JobRecord['failure']>;
export type RecordedMove = z.output<typeof moveSchema>;
export type RecordedStage = JobRecord['stages'][number];

/** What is said of a run where many are told of: where it stood is asked for one by one. */
export const withoutWay = (record: JobRecord): JobRecord => ({
  ...record,
  path: [],
  moves: { job: [], machine: [] },
});

/** One line of the log of a job, as the operator's log has it: redacted, and cut where it was very long. */
export const logEntrySchema = z.object({
  atMs,
  /** Levels of pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error. */
  level: z.number(),
  message: z.string(),
  /** All other fields of the line; no `job` and no `run`. */
  facts: z.record(z.string(), z.unknown()),
});

export type LogEntry = z.output<typeof logEntrySchema>;

/** The log of one run. The first lines are kept and the last ones; of a long log, those between them are not. */
export interface JobLog {
  readonly first: readonly LogEntry[];
  /** Lines between `first` and `last` that were not kept. */
  readonly leftOut: number;
  readonly last: readonly LogEntry[];
}

export interface ListOptions {
  /** The newest ones; all when left out. */
  readonly limit?: number;
  /** Only those that failed, were interrupted, or were not taken. */
  readonly failedOnly?: boolean;
  /** Only those whose result is known: much cheaper, because none that runs has to be written down as it is now. */
  readonly endedOnly?: boolean;
  /** Only those that ended since, or run. */
  readonly sinceMs?: number;
}

/** What became of the jobs of this daemon, as far back as is kept: what the page and the commands read. */
export interface History {
  /** Newest first, runs that go on included. */
  list(options?: ListOptions): readonly JobRecord[];
  /** @param id - of a run, or of a job (its newest run), in full */
  record(id: string): JobRecord | undefined;
  log(runId: string): Promise<JobLog>;
  /**
   * Told of each run when its result is known, before it is cleaned up.
   *
   * @returns tells it no more
   */
  onFinished(listener: (record: JobRecord) => void): () => void;
  /**
   * Told of each line of each log when it comes; `number` counts those of one log from 1 on.
   *
   * @returns tells it no more
   */
  onLine(listener: (runId: string, number: number, entry: LogEntry) => void): () => void;
}
