import { type Redact, wireText } from './wire-text.ts';

/** The stages that the hub's clients know, in the spelling of the wire. */
export const hubStages = [
  'queued',
  'extracting',
  'compiling',
  'generating_assets',
  'bundling',
  'signing',
  'notarizing',
  'packaging',
  'uploading',
  'verifying',
  'publishing',
  'complete',
] as const;

export type HubStage = (typeof hubStages)[number];

export interface WireArtifact {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

interface OfJob {
  readonly jobId: string;
}

/** Everything the worker can say, in our own spelling. */
export type WorkerMessage =
  | {
      readonly type: 'hello';
      readonly capabilities: readonly string[];
      readonly name: string;
      /** Secret; left out when the hub has none. */
      readonly secret?: string;
      readonly maxConcurrent: number;
    }
  | {
      readonly type: 'updateResult';
      readonly success: boolean;
      readonly oldVersion: string;
      readonly newVersion: string;
      readonly error?: string;
    }
  | (OfJob & { readonly type: 'stage'; readonly stage: HubStage; readonly message: string })
  | (OfJob & {
      readonly type: 'log';
      readonly stage: HubStage;
      /** Stands before the line. */
      readonly code?: string;
      readonly line: string;
      /** Only `stderr` is shown to the sender of the job. */
      readonly stream: 'stdout' | 'stderr';
    })
  | (OfJob & {
      readonly type: 'progress';
      readonly stage: HubStage;
      readonly percent: number;
      readonly message?: string;
    })
  | (OfJob & {
      readonly type: 'published';
      readonly platform: 'macos' | 'ios';
      readonly message: string;
      readonly url?: string;
    })
  | (OfJob & { readonly type: 'queueUpdate'; readonly position: number; readonly message?: string })
  | (OfJob & {
      readonly type: 'error';
      readonly code: string;
      readonly message: string;
      readonly stage?: HubStage;
    })
  | (OfJob & {
      readonly type: 'complete';
      readonly success: boolean;
      readonly durationSeconds: number;
      readonly artifacts: readonly WireArtifact[];
      /** The job goes back to the front of the queue, for workers that sign for this platform. */
      readonly needsFinishing?: 'macos' | 'ios';
      /** Stands before the error. */
      readonly code?: string;
      readonly error?: string;
    });

/** A line of log on the user's terminal; the hub relays every byte on its one event loop. */
const MAX_LINE_BYTES = 2 * 1024;
/** Keeps every frame far below the 64 KiB that all hubs take in one piece. */
const MAX_TEXT_BYTES = 8 * 1024;

type Clean = (text: string, maxBytes?: number) => string;

/**
 * The one JSON text frame for a message: exactly the fields that the hub and its clients parse strictly
 * (integer `percent`, `artifacts` always an array, `job_id` always there). What people wrote for people passes `redact`;
 * names, codes and ids do not, because a program reads them.
 */
export function encodeWorkerMessage(message: WorkerMessage, redact: Redact): string {
  const clean: Clean = (text, maxBytes = MAX_TEXT_BYTES) => wireText(text, maxBytes, redact);
  return JSON.stringify('jobId' in message ? ofJob(message, clean) : ofWorker(message));
}

const asIs: Clean = (text, maxBytes = MAX_TEXT_BYTES) => wireText(text, maxBytes, (same) => same);
const withCode = (code: string | undefined, text: string): string =>
  code === undefined ? text : `${asIs(code)}: ${text}`;

type JobMessage = Extract<WorkerMessage, OfJob>;

function ofWorker(message: Exclude<WorkerMessage, OfJob>): object {
  if (message.type === 'hello') {
    return {
      type: 'worker_hello',
      capabilities: message.capabilities,
      name: asIs(message.name),
      // the one place where a secret is meant to be on the wire
      ...(message.secret !== undefined && { secret: message.secret }),
      max_concurrent: wholeNumber(message.maxConcurrent),
    };
  }
  return {
    type: 'update_result',
    success: message.success,
    old_version: asIs(message.oldVersion),
    new_version: asIs(message.newVersion),
    ...(message.error !== undefined && { error: asIs(message.error) }),
  };
}

function ofJob(message: JobMessage, clean: Clean): object {
  const { type, jobId: job_id } = message;
  const optional = (text: string | undefined) => (text === undefined ? null : clean(text));
  switch (type) {
    case 'stage':
      return { type, job_id, stage: message.stage, message: clean(message.message) };
    case 'log': {
      const line = asIs(withCode(message.code, clean(message.line)), MAX_LINE_BYTES);
      return { type, job_id, stage: message.stage, line, stream: message.stream };
    }
    case 'progress': {
      const percent = Math.min(100, wholeNumber(message.percent));
      return { type, job_id, stage: message.stage, percent, message: optional(message.message) };
    }
    case 'published': {
      const { platform, url } = message;
      return { type, job_id, platform, message: clean(message.message), url: optional(url) };
    }
    case 'queueUpdate': {
      const position = wholeNumber(message.position);
      return { type: 'queue_update', job_id, position, message: optional(message.message) };
    }
    case 'error': {
      const stage = message.stage === undefined ? {} : { stage: message.stage };
      return { type, job_id, code: asIs(message.code), message: clean(message.message), ...stage };
    }
    case 'complete':
      return ofComplete(message, clean);
  }
}

function ofComplete(message: Extract<JobMessage, { type: 'complete' }>, clean: Clean): object {
  return {
    type: 'complete',
    job_id: message.jobId,
    success: message.success,
    duration_secs: seconds(message.durationSeconds),
    artifacts: message.artifacts.map(({ name, sizeBytes, sha256Hex }) => ({
      name: asIs(name),
      size: wholeNumber(sizeBytes),
      sha256: sha256Hex,
    })),
    ...(message.needsFinishing !== undefined && { needs_finishing: message.needsFinishing }),
    ...(message.error !== undefined && { error: asIs(withCode(message.code, clean(message.error))) }),
  };
}

/** Rounded down, so that 100 percent is only said when it is true; what is no number is 0. */
const wholeNumber = (value: number): number => (Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0);

const seconds = (value: number): number =>
  Number.isFinite(value) ? Math.max(0, Math.round(value * 1000) / 1000) : 0;
