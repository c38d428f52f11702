import { ShipError } from '../../errors.ts';
import type { ApiTokens } from '../apple/api-token.ts';
import { below } from '../apple/apple-hosts.ts';
import {
  type AppleAnswer,
  type AppleCall,
  askApple,
  askAppleOk,
  invalidAnswer,
  refusal,
} from '../apple/apple-http.ts';

/** Apple's word on a submission, or that there is none yet. */
export type NotaryStatus = 'inProgress' | 'accepted' | 'invalid' | 'rejected';

/** Where the notary service is, and with which key it is asked. */
export interface NotaryAccess {
  /** Ends with `/notary/v2`. */
  readonly baseUrl: URL;
  readonly tokens: ApiTokens;
}

/** Temporary permission to store one object. Secret; good for twelve hours. */
export interface UploadGrant {
  readonly bucket: string;
  /** Path of the object; holds a `:`. */
  readonly object: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface SubmissionFacts {
  readonly id: string;
  readonly name: string;
  readonly status: NotaryStatus;
  /** Milliseconds since 1970; NaN when Apple's text cannot be read. */
  readonly createdAtMs: number;
}

const SERVICE = "Apple's notary service";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const statuses: Readonly<Record<string, NotaryStatus>> = {
  'In Progress': 'inProgress',
  Accepted: 'accepted',
  Invalid: 'invalid',
  Rejected: 'rejected',
};

/**
 * Announces a file to the notary service.
 *
 * @param file - `sha256Hex` in lower case, of the exact bytes that are going to be uploaded
 * @returns the id of the new submission, and where its file is to be put
 * @throws ShipError as `askAppleOk` · APPLE_ANSWER_INVALID
 * @see https://developer.apple.com/documentation/notaryapi/submit-software
 */
export async function submit(
  access: NotaryAccess,
  file: { readonly sha256Hex: string; readonly name: string },
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly grant: UploadGrant }> {
  const call: AppleCall = {
    ...callOf(access, 'The submission to the notary service', signal),
    method: 'POST',
    url: below(access.baseUrl, 'submissions'),
    json: { sha256: file.sha256Hex, submissionName: file.name },
  };
  const { id, attributes } = dataOf(call, await askAppleOk(call));
  return { id: uuidOf(call, id), grant: grantOf(call, attributes) };
}

/**
 * @throws ShipError NOTARY_SUBMISSION_UNKNOWN (404) · as `askApple` · APPLE_ANSWER_INVALID, also for a status that is
 * not documented
 * @see https://developer.apple.com/documentation/notaryapi/get-submission-status
 */
export async function askStatus(
  access: NotaryAccess,
  id: string,
  signal: AbortSignal,
): Promise<NotaryStatus> {
  const call: AppleCall = {
    ...callOf(access, 'The question for the verdict', signal),
    url: below(access.baseUrl, 'submissions', id),
  };
  const answer = await askApple(call);
  if (answer.status === 404) throw unknownSubmission(id);
  const data = dataOf(call, requireOk(call, answer));
  if (data.id !== undefined && String(data.id).toLowerCase() !== id.toLowerCase())
    throw invalidAnswer(call, 'is another submission than the one that was asked for');
  return statusOf(call, data.attributes.status);
}

/** The last hundred submissions of the team; those that cannot be read are left out. Throws as `askAppleOk`. */
export async function listSubmissions(
  access: NotaryAccess,
  signal: AbortSignal,
): Promise<readonly SubmissionFacts[]> {
  const call: AppleCall = {
    ...callOf(access, 'The question for earlier submissions', signal),
    url: below(access.baseUrl, 'submissions'),
  };
  const { data } = (await askAppleOk(call)).json as { data?: unknown };
  if (!Array.isArray(data)) throw invalidAnswer(call, 'there is no list');
  return data.flatMap(factsOf);
}

/** Where the developer log is; it can be fetched for a short time only. */
export async function askLogAddress(access: NotaryAccess, id: string, signal: AbortSignal): Promise<unknown> {
  const call: AppleCall = {
    ...callOf(access, 'The question for the notarization log', signal),
    url: below(access.baseUrl, 'submissions', id, 'logs'),
  };
  const answer = await askApple(call);
  if (answer.status === 404) throw noLogYet(id);
  return dataOf(call, requireOk(call, answer)).attributes.developerLogUrl;
}

function callOf({ tokens }: NotaryAccess, what: string, signal: AbortSignal) {
  return { what, service: SERVICE, method: 'GET', tokens, signal } as const;
}

function requireOk(call: AppleCall, answer: AppleAnswer): AppleAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refusal(call, answer);
}

type Attributes = Readonly<Record<string, unknown>>;

function dataOf(call: AppleCall, { json }: AppleAnswer): { id: unknown; attributes: Attributes } {
  const { data } = (json ?? {}) as { data?: { id?: unknown; attributes?: unknown } };
  const attributes = data?.attributes;
  if (typeof attributes !== 'object' || attributes === null)
    throw invalidAnswer(call, 'there are no attributes');
  return { id: data?.id, attributes: attributes as Attributes };
}

function uuidOf(call: AppleCall, id: unknown): string {
  if (typeof id === 'string' && UUID.test(id)) return id;
  throw invalidAnswer(call, 'is no submission id');
}

function grantOf(call: AppleCall, attributes: Attributes): UploadGrant {
  const text = (name: string): string => {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '' && value.length <= 8_192) return value;
    throw invalidAnswer(call, `is no ${name}`);
  };
  const bucket = text('bucket');
  if (!BUCKET.test(bucket)) throw invalidAnswer(call, 'the bucket has no name that a bucket can have');
  return {
    bucket,
    object: text('object'),
    accessKeyId: text('awsAccessKeyId'),
    secretAccessKey: text('awsSecretAccessKey'),
    sessionToken: text('awsSessionToken'),
  };
}

function statusOf(call: AppleCall, value: unknown): NotaryStatus {
  const status = typeof value === 'string' ? statuses[value] : undefined;
  if (status) return status;
  throw invalidAnswer(call, 'the status is none of those that are documented');
}

function factsOf(entry: unknown): SubmissionFacts[] {
  const { id, attributes } = (entry ?? {}) as { id?: unknown; attributes?: Attributes };
  const { name, status, createdDate } = attributes ?? {};
  const known = typeof status === 'string' ? statuses[status] : undefined;
  if (typeof id !== 'string' || !UUID.test(id) || typeof name !== 'string' || !known) return [];
  return [{ id, name, status: known, createdAtMs: Date.parse(String(createdDate)) }];
}

const unknownSubmission = (id: string): ShipError =>
  new ShipError('NOTARY_SUBMISSION_UNKNOWN', {
    summary: `Apple's notary service does not know the submission ${id}.`,
    reason: 'It answered with HTTP status 404.',
    nextStep: 'Check that the API key belongs to the team that submitted the app, and try again.',
  });

export const noLogYet = (id: string): ShipError =>
  new ShipError('NOTARY_LOG_MISSING', {
    summary: `Apple's notary service has no log of the submission ${id} yet.`,
    reason: 'It answered with HTTP status 404, as it does until a submission has been checked.',
    nextStep: `Ask for it later; on a Mac, \`xcrun notarytool log ${id}\` shows it.`,
  });
