import { type FileHandle, open } from 'node:fs/promises';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { ownError } from '../http/errors.ts';
import { base64Length } from './base64-body.ts';
import {
  type HubAnswer,
  notOurs,
  openHubConnection,
  readAnswer,
  statusFailure,
  transferFailure,
} from './http-attempt.ts';
import { UploadBody } from './upload-body.ts';
import { type HubOriginPolicy, permittedHubUrl } from './url-policy.ts';

export interface UploadArtifactOptions {
  /** As the assignment gives it; checked against `origin`. */
  readonly url: string;
  /** Secret: bearer token of the assignment. */
  readonly token: string;
  readonly origin: HubOriginPolicy;
  /** The artifact on this host. */
  readonly path: string;
  /** File name for the receiver: ASCII letters, digits, `.`, `_`, `-` only (others are lost on the way). */
  readonly name: string;
  /** Lower-case SHA-256 of the file. */
  readonly sha256Hex: string;
  readonly sizeBytes: number;
  readonly target: 'macos-sign' | 'ios-sign';
  readonly signal: AbortSignal;
  /** Called with the number of bytes of the file that have left this process: the system sends them. */
  readonly onProgress?: (sentBytes: number) => void;
  /** Until it resolves the last bytes are held back, without which a hub has no artifact. */
  readonly released?: Promise<void>;
}

const UPLOAD = 'The upload of the artifact';
/** For a caller without a deadline: sign-job has one for the pieces and one for the answer, and both end sooner. */
const ANSWER_TIMEOUT_MS = 30 * 60_000;

/**
 * One attempt to hand an artifact to the hub: the file as one base64 text with an exact Content-Length, read
 * once and never held in memory. A repeated upload is harmless, the last one counts. One that is broken off leaves
 * nothing: the hub's HTTP server (hyper, in perry-stdlib's `fastify/server.rs`) gives a body that is shorter than its
 * Content-Length to nobody.
 *
 * @throws ShipError HUB_JOB_NOT_OURS (403 and 404 JOB_NOT_FOUND: drop the run, send nothing) · HUB_UNAVAILABLE
 * (network, 408, 425, 429, 5xx: retry) · HUB_REFUSED · HUB_URL_REFUSED · INTERNAL_ERROR (the file is not what
 * the caller says) · the signal's reason
 */
export async function uploadArtifact(options: UploadArtifactOptions): Promise<void> {
  const url = permittedHubUrl(options.url, options.origin);
  const headers = uploadHeaders(options);
  const file = await openArtifact(options);
  const body = new UploadBody({
    ...{ file, sizeBytes: options.sizeBytes, released: options.released, onProgress: options.onProgress },
    unusable: (reason, cause) => unusable(reason, options, cause),
  });
  try {
    judge(url, await post(url, headers, body, options));
  } finally {
    body.text.destroy();
    await body.fed;
    await file.close();
  }
}

/** An answer, and whether it was given to the whole artifact. */
type UploadAnswer = HubAnswer & { readonly isToWhole: boolean };

async function post(
  url: URL,
  headers: Record<string, string>,
  body: UploadBody,
  { signal, token }: UploadArtifactOptions,
): Promise<UploadAnswer> {
  const connection = await openHubConnection(signal, {
    ...{ answerTimeoutMs: ANSWER_TIMEOUT_MS, onFlushed: body.flushed },
  });
  try {
    const answer = await connection.request(url, { method: 'POST', headers, body: body.text });
    // now: what follows may still leave while the answer is read
    const isToWhole = body.isWhole;
    return { ...(await readAnswer(answer.statusCode, answer.body, token)), isToWhole };
  } catch (error) {
    throw transferFailure(UPLOAD, ownError(error) ?? error, signal);
  } finally {
    await connection.close();
  }
}

function uploadHeaders(options: UploadArtifactOptions): Record<string, string> {
  const { name, sha256Hex, sizeBytes, target } = options;
  const isUsable =
    /^[A-Za-z0-9._-]{1,200}$/.test(name) &&
    !/^\.+$/.test(name) &&
    /^[0-9a-f]{64}$/.test(sha256Hex) &&
    Number.isSafeInteger(sizeBytes) &&
    sizeBytes > 0;
  if (!isUsable)
    throw unusable('Its name, size or digest does not have the form that the hub takes.', options);
  return {
    authorization: `Bearer ${options.token}`,
    'content-type': 'text/plain',
    'content-length': String(base64Length(sizeBytes)),
    'x-artifact-name': name,
    'x-artifact-sha256': sha256Hex,
    'x-artifact-target': target,
  };
}

async function openArtifact(options: UploadArtifactOptions): Promise<FileHandle> {
  const file = await open(options.path, 'r').catch((cause: unknown) => {
    throw unusable('The file could not be opened.', options, cause);
  });
  const stats = await file.stat();
  if (stats.isFile() && stats.size === options.sizeBytes) return file;
  await file.close();
  throw unusable(`It has ${stats.size} bytes where ${options.sizeBytes} were announced.`, options);
}

function judge(url: URL, answer: UploadAnswer): void {
  const { status, code, json, isToWhole } = answer;
  if (status === 200) {
    if (!isToWhole) throw tooEarly(url, answer);
    // a page of a proxy with status 200 is no receipt, and without one the job must not count as delivered
    if (typeof json.token === 'string' || typeof json.download_url === 'string') return;
    throw noReceipt(url, answer);
  }
  if (status === 404 && code === 'JOB_NOT_FOUND') {
    const detail = { code, excerpt: answer.excerpt };
    throw notOurs(UPLOAD, `The hub ${url.host} does not know the job (HTTP status ${status}).`, detail);
  }
  throw statusFailure(UPLOAD, url, answer);
}

/** Whoever gives a receipt for what it cannot have has not read it: a cache, a proxy, or a hub that is broken. */
const tooEarly = (url: URL, { excerpt }: HubAnswer): ShipError =>
  new ShipError('HUB_UNAVAILABLE', {
    summary: `${UPLOAD} was confirmed before it had arrived.`,
    reason: `The server at ${url.host} answered with HTTP status 200 before all of the artifact had left.`,
    nextStep:
      'Try again; if it stays like that, look at the proxy in front of the hub and at the log of the hub.',
    detail: { excerpt },
  });

const noReceipt = (url: URL, { excerpt }: HubAnswer): ShipError =>
  new ShipError('HUB_REFUSED', {
    summary: `${UPLOAD} was not confirmed.`,
    reason: `The server at ${url.host} answered with HTTP status 200, but not with the receipt that a hub gives.`,
    nextStep: 'Check that PERRY_HUB_HTTP_URL leads to the hub and not to a page of a proxy.',
    detail: { excerpt },
  });

const unusable = (reason: string, options: UploadArtifactOptions, cause?: unknown): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: 'The artifact that was made cannot be uploaded.',
    reason,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { path: options.path, name: options.name, sizeBytes: options.sizeBytes },
    ...(cause !== undefined && { cause }),
  });
