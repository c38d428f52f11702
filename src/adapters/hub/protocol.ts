import * as z from 'zod';
import { excessOf, type FrameSurvey, surveyFrame } from './frame-survey.ts';
import { wireText } from './wire-text.ts';

export {
  encodeWorkerMessage,
  type HubStage,
  hubStages,
  type WireArtifact,
  type WorkerMessage,
} from './worker-message.ts';

/**
 * What the hub can say, in our own spelling. `manifest` and `credentials` are passed on unread: the hub does
 * not validate them either, and whoever reads them must be able to name the field that is wrong.
 */
export type ParsedFrame =
  | {
      readonly type: 'jobAssigned';
      readonly jobId: string;
      /** Secret: bearer token of this one assignment. */
      readonly authToken: string;
      readonly manifest: unknown;
      /** Secret: certificates, passwords and keys as the sender gave them. */
      readonly credentials: unknown;
      readonly tarballUrl: string;
      readonly artifactUploadUrl: string;
    }
  /** An assignment that cannot be run but can be answered: it too must end in one `complete`. `problem`: one sentence. */
  | { readonly type: 'jobMalformed'; readonly jobId: string; readonly problem: string }
  | { readonly type: 'cancelRequested'; readonly jobId: string }
  | { readonly type: 'updateRequested' }
  | { readonly type: 'authFailed' }
  | { readonly type: 'unknown'; readonly name: string };

/** Goes into names of folders and machines, so nothing but what a UUID or a slug is made of. */
const runnableJobId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be 1 to 128 letters, digits, "-" or "_"');
/** Enough to answer; the answer is JSON, where any text is safe. */
const answerableJobId = z.string().min(1).max(256);
/** Goes into an HTTP header. */
const bearerToken = z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be 1 to 4096 visible ASCII characters');
const httpUrl = z.string().min(1).max(4096);

const jobAssign = z.object({
  job_id: runnableJobId,
  auth_token: bearerToken,
  manifest: z.unknown(),
  credentials: z.unknown(),
  tarball_url: httpUrl,
  artifact_upload_url: httpUrl,
});
const cancel = z.object({ job_id: answerableJobId });
const authError = z.object({ code: z.literal('AUTH_FAILED') });

const MAX_NAME_BYTES = 64;

/**
 * Reads one text frame. Frames that are not a JSON object are `undefined` (the hub's own rule); types that we
 * do not know, and known ones without the fields we need, are `unknown`, so that they can be logged by name. One beyond
 * the limits is not even parsed.
 */
export function parseHubFrame(bytes: Buffer): ParsedFrame | undefined {
  const survey = surveyFrame(bytes);
  const excess = excessOf(survey);
  if (excess !== undefined) return tooMuch(survey, excess);
  const frame = parseJsonObject(bytes.toString('utf8'));
  return frame && toParsedFrame(frame);
}

/** What has to be known of an assignment to answer it, and to ask later whether the answer arrived. */
export interface AssignmentHead {
  readonly jobId: string;
  /** Secret; empty when the frame says none. */
  readonly authToken: string;
  readonly artifactUploadUrl: string;
  /** Why nothing else of it will be read, as one sentence; left out when it may be. */
  readonly excess?: string;
}

/** Of an assignment that can be answered; undefined for every other frame. Nothing else of the frame is read. */
export function headOfAssignment(bytes: Buffer): AssignmentHead | undefined {
  const survey = surveyFrame(bytes);
  const { type, jobId, authToken = '', artifactUploadUrl = '' } = survey;
  const isAnswerable = type === 'job_assign' && answerableJobId.safeParse(jobId).success;
  if (!isAnswerable || jobId === undefined) return undefined;
  const excess = excessOf(survey);
  return { jobId, authToken, artifactUploadUrl, ...(excess !== undefined && { excess }) };
}

/** Only an assignment can be answered, and only one that says whose it is. */
function tooMuch({ type, jobId }: FrameSurvey, problem: string): ParsedFrame {
  if (type !== 'job_assign') return unknownMessage({ type });
  return toMalformed({ type, job_id: jobId }, problem);
}

function toParsedFrame(frame: Record<string, unknown>): ParsedFrame {
  switch (frame.type) {
    case 'job_assign':
      return toAssignment(frame);
    case 'cancel': {
      const read = cancel.safeParse(frame);
      return read.success ? { type: 'cancelRequested', jobId: read.data.job_id } : unknownMessage(frame);
    }
    case 'update_perry':
      return { type: 'updateRequested' };
    case 'error':
      return authError.safeParse(frame).success ? { type: 'authFailed' } : unknownMessage(frame);
    default:
      return unknownMessage(frame);
  }
}

function toAssignment(frame: Record<string, unknown>): ParsedFrame {
  const read = jobAssign.safeParse(frame);
  if (!read.success) return toMalformed(frame, problemText(read.error));
  return {
    type: 'jobAssigned',
    jobId: read.data.job_id,
    authToken: read.data.auth_token,
    manifest: read.data.manifest,
    credentials: read.data.credentials,
    tarballUrl: read.data.tarball_url,
    artifactUploadUrl: read.data.artifact_upload_url,
  };
}

function toMalformed(frame: Record<string, unknown>, problem: string): ParsedFrame {
  const jobId = answerableJobId.safeParse(frame.job_id);
  if (!jobId.success) return unknownMessage(frame);
  return { type: 'jobMalformed', jobId: jobId.data, problem };
}

/** Names of fields and what was expected of them; never the values, which may be secrets. */
const problemText = (error: z.ZodError): string =>
  `Wrong fields: ${error.issues.map(fieldFault).join('; ')}.`;

const fieldFault = ({ path, message }: z.core.$ZodIssue): string =>
  `${path.join('.')} ${message.endsWith('received undefined') ? 'is missing' : `(${message})`}`;

const unknownMessage = (frame: Record<string, unknown>): ParsedFrame => ({
  type: 'unknown',
  name: typeof frame.type === 'string' ? wireText(frame.type, MAX_NAME_BYTES, (text) => text) : '',
});

function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
