import { finished, PassThrough, type Readable } from 'node:stream';
import { ShipError } from '../../errors.ts';
import type { Connection } from '../http/connection.ts';
import { openHubConnection, readAnswer, statusFailure, transferFailure } from './http-attempt.ts';
import { type HubOriginPolicy, permittedHubUrl } from './url-policy.ts';

export { type UploadArtifactOptions, uploadArtifact } from './upload.ts';
export type { HubOriginPolicy } from './url-policy.ts';

export interface JobRequestOptions {
  /** As the assignment gives it; checked against `origin`. */
  readonly url: string;
  /** Secret: bearer token of the assignment. */
  readonly token: string;
  readonly origin: HubOriginPolicy;
  /** Ends the request in every phase; the promise (or the body) fails with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface BundleDownload {
  /** Base64 text; fails with a `ShipError` or the signal's reason. Must be read to its end or destroyed. */
  readonly body: Readable;
  /** Length of the base64 text, when the hub says it. */
  readonly contentLengthBytes?: number;
}

const DOWNLOAD = 'The download of the bundle';
/** Enough to keep the socket busy while the reader decodes, small enough to be forgotten. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * One attempt to open the bundle of a job.
 *
 * @throws ShipError HUB_JOB_NOT_OURS (403: drop the run, send nothing) · BUNDLE_NOT_FOUND (404) · HUB_UNAVAILABLE
 * (network, 408, 425, 429, 5xx: retry) · HUB_REFUSED · HUB_URL_REFUSED · the signal's reason
 */
export async function openBundleDownload(options: JobRequestOptions): Promise<BundleDownload> {
  const url = permittedHubUrl(options.url, options.origin);
  const connection = await openHubConnection(options.signal);
  try {
    const { statusCode, headers, body } = await getBundle(url, options, connection);
    if (statusCode !== 200) throw bundleFailure(url, await readAnswer(statusCode, body, options.token));
    refuseCompressed(headers['content-encoding']);
    const contentLengthBytes = byteCount(headers['content-length']);
    const text = guarded(body, connection, options.signal);
    return contentLengthBytes === undefined ? { body: text } : { body: text, contentLengthBytes };
  } catch (error) {
    await connection.close();
    throw transferFailure(DOWNLOAD, error, options.signal);
  }
}

/**
 * Asks whether the token of a job is still good, by an upload of nothing: the hub looks at the token, the job and its
 * status before it looks at the body, which it then refuses. To ask for the bundle would make it read and send that.
 *
 * @param options - `url` is that of uploads
 * @returns `closed` when the hub says 403, or that the job is not running: it is not this run's any more
 * @throws ShipError HUB_UNAVAILABLE · HUB_REFUSED · HUB_URL_REFUSED · the signal's reason
 */
export async function probeToken(options: JobRequestOptions): Promise<'open' | 'closed'> {
  const url = permittedHubUrl(options.url, options.origin);
  const connection = await openHubConnection(options.signal);
  try {
    const { statusCode, body } = await postNothing(url, options, connection);
    if (statusCode === 403) return 'closed';
    const answer = await readAnswer(statusCode, body, options.token);
    // the hub's own words: a page of a proxy with the same status says nothing about the job
    if (answer.code === 'BAD_REQUEST') return 'open';
    if (answer.code === 'JOB_NOT_FOUND' || answer.code === 'JOB_NOT_RUNNING') return 'closed';
    throw statusFailure('The question for the state of the job', url, answer);
  } catch (error) {
    throw transferFailure('The question for the state of the job', error, options.signal);
  } finally {
    await connection.close();
  }
}

const postNothing = (url: URL, { token }: JobRequestOptions, connection: Connection) =>
  connection.request(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain', 'content-length': '0' },
  });

const getBundle = (url: URL, { token }: JobRequestOptions, connection: Connection) =>
  connection.request(url, {
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'identity' },
  });

function bundleFailure(url: URL, answer: Awaited<ReturnType<typeof readAnswer>>): ShipError {
  if (answer.status !== 404) return statusFailure(DOWNLOAD, url, answer);
  return new ShipError('BUNDLE_NOT_FOUND', {
    summary: 'The hub has no bundle for this job.',
    reason: `The hub ${url.host} answered with HTTP status 404.`,
    nextStep: 'Publish the app again, so that it is compiled and handed over anew.',
    detail: { code: answer.code, excerpt: answer.excerpt },
  });
}

function refuseCompressed(encoding: string | string[] | undefined): void {
  if (encoding === undefined || encoding === 'identity') return;
  throw new ShipError('HUB_REFUSED', {
    summary: `${DOWNLOAD} came in a form that was not asked for.`,
    reason: `The answer is compressed (${String(encoding).slice(0, 40)}) although the request excludes it.`,
    nextStep: 'Turn off compression of responses in the proxy in front of the hub.',
  });
}

function byteCount(header: string | string[] | undefined): number | undefined {
  const count = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  return count;
}

/** The body with errors in our words; its end, however it comes, closes the connection. */
function guarded(body: Readable, connection: Connection, signal: AbortSignal): Readable {
  const text = new PassThrough({ highWaterMark: READ_AHEAD_BYTES });
  // an abort between here and the caller's first read must not end the process; the stream stays failed
  text.on('error', () => {});
  // not by `pipeline`: who begins to read after the failure would be given its raw error
  finished(body, { writable: false }, (error) => {
    if (error) text.destroy(transferFailure(DOWNLOAD, error, signal) as Error);
  });
  text.once('close', () => {
    body.destroy();
    void connection.close().catch(() => {});
  });
  return body.pipe(text);
}
