import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { withoutTrailing } from '../../text.ts';
import { clockIsWrong, networkFault, retryAfterOf } from '../apple/apple-faults.ts';
import { readCapped } from '../http/body.ts';
import { type Connection, type HttpHeaders, openConnection } from '../http/connection.ts';
import { ownError } from '../http/errors.ts';
import { filePart } from '../http/file-part.ts';
import type { UploadGrant } from './notary-api.ts';
import { encodedPath, signedHeaders } from './sigv4.ts';

export interface NotaryUpload {
  /** The file on this host. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256Hex: string;
  readonly grant: UploadGrant;
  /** When set, `URL/bucket/object` is asked; otherwise the bucket at Amazon. */
  readonly s3Url?: URL;
  readonly signal: AbortSignal;
  /** Called with the bytes of the file that were handed to the connection so far. */
  readonly onProgress?: (sentBytes: number) => void;
}

const REGION = 'us-west-2';
const CHUNK_BYTES = 1024 * 1024;
/** Of S3 for one request. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;
const ANSWER_TIMEOUT_MS = 120_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const WHAT = 'The upload to the notary service';

/**
 * One attempt to store the file of a submission, read once and never held in memory. A repeated attempt is harmless.
 *
 * @throws ShipError NOTARY_UPLOAD_EXPIRED (a new submission is needed) · APPLE_UNAVAILABLE (retry) · INTERNAL_ERROR (the
 * file is not what the caller says) · the signal's reason
 */
export async function uploadForNotarization(upload: NotaryUpload): Promise<void> {
  const url = objectUrl(upload);
  const headers = signedHeaders(
    { method: 'PUT', url, payloadSha256Hex: upload.sha256Hex, region: REGION, now: new Date() },
    upload.grant,
  );
  upload.signal.throwIfAborted();
  const file = await openArtifact(upload);
  const { sizeBytes, signal, onProgress } = upload;
  const part = { file, offset: 0, sizeBytes, chunkBytes: CHUNK_BYTES, onProgress };
  const body = Readable.from(
    filePart({ ...part, unusable: (reason, cause) => unusable(reason, upload, cause) }),
    { objectMode: false },
  );
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ signal, answerTimeoutMs: ANSWER_TIMEOUT_MS });
    const { statusCode: status, ...response } = await connection.request(url, {
      method: 'PUT',
      headers: { ...headers, 'content-length': String(sizeBytes), 'user-agent': 'perry-ship' },
      body,
    });
    const { bytes } = await readCapped(response.body, MAX_ANSWER_BYTES);
    judge(url, { status, headers: response.headers, text: bytes.toString('utf8') });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw ownError(error) ?? networkFault({ what: WHAT, service: 'Amazon S3', url }, error, undefined);
  } finally {
    body.destroy();
    await connection?.close();
    await file.close();
  }
}

function objectUrl({ grant, s3Url }: NotaryUpload): URL {
  const path = encodedPath(grant.object);
  if (!s3Url) return new URL(`https://${grant.bucket}.s3.${REGION}.amazonaws.com/${path}`);
  return new URL(`${withoutTrailing(s3Url.href, '/')}/${grant.bucket}/${path}`);
}

async function openArtifact(upload: NotaryUpload): Promise<FileHandle> {
  if (upload.sizeBytes > MAX_PUT_BYTES) throw unusable(`It has more than ${MAX_PUT_BYTES} bytes.`, upload);
  const file = await open(upload.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw unusable('The file could not be opened.', upload, cause);
  });
  const { size } = await file.stat();
  if (size === upload.sizeBytes) return file;
  await file.close();
  throw unusable(`It has ${size} bytes where ${upload.sizeBytes} were announced.`, upload);
}

interface S3Answer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Empty, or XML with `<Code>` and `<Message>`. */
  readonly text: string;
}

/** Codes by which S3 says that the permission has expired. */
const EXPIRED =
  /^(ExpiredToken|InvalidToken|TokenRefreshRequired|InvalidAccessKeyId|AccessDenied|RequestExpired)$/;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function judge(url: URL, answer: S3Answer): void {
  const { status, text, headers } = answer;
  const isReceipt = headers.etag !== undefined || text.trim() === '';
  if (status === 200 && isReceipt) return;
  const code = /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(text)?.[1] ?? '';
  const fact = `${url.host} answered with HTTP status ${status}${code === '' ? '' : ` (${code})`}.`;
  const detail = { status, code, body: text.slice(0, 500) };
  if (code === 'RequestTimeTooSkewed') throw clockIsWrong(WHAT, Number.NaN, detail);
  if (status === 403 && (code === '' || EXPIRED.test(code))) throw expired(fact, detail);
  const retryAfterMs = retryAfterOf({ headers, json: undefined });
  throw new ShipError('APPLE_UNAVAILABLE', {
    summary: `${WHAT} failed for now.`,
    reason: status === 200 ? `${url.host} answered, but not with the receipt that S3 gives.` : fact,
    nextStep: 'Try again in a few minutes; if it keeps failing, look at the proxy of this host.',
    detail,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

const expired = (reason: string, detail: Readonly<Record<string, unknown>>): ShipError =>
  new ShipError('NOTARY_UPLOAD_EXPIRED', {
    summary: 'The temporary permission to upload to the notary service has ended.',
    reason,
    nextStep: 'Try again: each submission gets a new permission.',
    detail,
  });

const unusable = (reason: string, upload: NotaryUpload, cause?: unknown): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: 'The artifact that was made cannot be uploaded for notarization.',
    reason,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { path: upload.path, sizeBytes: upload.sizeBytes },
    ...(cause !== undefined && { cause }),
  });
