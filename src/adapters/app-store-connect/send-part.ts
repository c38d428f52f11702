import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ShipError } from '../../errors.ts';
import { networkFault, retryAfterOf } from '../apple/apple-faults.ts';
import { fileUrl } from '../apple/apple-hosts.ts';
import { type Connection, type HttpHeaders, openConnection } from '../http/connection.ts';
import { filePart } from '../http/file-part.ts';
import type { UploadPart } from './uploads.ts';

export interface SendPartOptions {
  /** The file on this host. */
  readonly path: string;
  readonly part: UploadPart;
  /** The configured address of App Store Connect: its parts go to Apple's hosts only. */
  readonly service: URL;
  readonly signal: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

const CHUNK_BYTES = 256 * 1024;
const ANSWER_TIMEOUT_MS = 120_000;
const WHAT = 'The upload of a part of the file';

/**
 * One slice of the file to the address that Apple gave for it, with exactly the headers that Apple gave and no
 * authorization of ours. A repeated attempt is harmless.
 *
 * @throws ShipError STORE_PART_EXPIRED (the file must be reserved anew) · APPLE_UNAVAILABLE (retry) ·
 * APPLE_URL_REFUSED · the signal's reason
 */
export async function sendPart(options: SendPartOptions): Promise<void> {
  const { path, part, service, signal, onProgress } = options;
  const url = fileUrl(part.url, service);
  if (Date.now() >= part.expiresAtMs) throw expired('Its time, as Apple gave it, is over.');
  const file = await open(path, 'r');
  const { offset, length: sizeBytes } = part;
  const slice = { file, offset, sizeBytes, chunkBytes: CHUNK_BYTES, onProgress, unusable: becameUnusable };
  const body = Readable.from(filePart(slice), { objectMode: false });
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ signal, answerTimeoutMs: ANSWER_TIMEOUT_MS });
    const headers = { ...part.headers, 'content-length': String(sizeBytes) };
    const { statusCode, ...answer } = await connection.request(url, { method: 'PUT', headers, body });
    await answer.body.dump();
    if (!isReceipt(statusCode, answer.headers)) throw refusedPart(url, statusCode, answer.headers);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof ShipError
      ? error
      : networkFault({ what: WHAT, service: 'App Store Connect', url }, error, undefined);
  } finally {
    body.destroy();
    await connection?.close();
    await file.close();
  }
}

const becameUnusable = (reason: string, cause?: unknown): Error =>
  new Error(`The artifact cannot be sent. ${reason}`, { cause });

/** How storage says that an address has expired, or never was valid: it would be refused for ever. */
const GONE: ReadonlySet<number> = new Set([401, 403, 404, 410]);

/** A page, as proxies show it, is none. */
const isReceipt = (status: number, headers: HttpHeaders): boolean =>
  status >= 200 && status < 300 && !/html/i.test(String(headers['content-type'] ?? ''));

function refusedPart(url: URL, status: number, headers: HttpHeaders): ShipError {
  const reason = `${url.host} answered with HTTP status ${status}.`;
  if (GONE.has(status)) return expired(reason);
  const retryAfterMs = retryAfterOf({ headers, json: undefined });
  return new ShipError('APPLE_UNAVAILABLE', {
    summary: `${WHAT} failed for now.`,
    reason,
    nextStep: "Try again in a few minutes; if it keeps failing, look at Apple's system status page.",
    detail: { status },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

const expired = (reason: string): ShipError =>
  new ShipError('STORE_PART_EXPIRED', {
    summary: 'The address that Apple gave for a part of the file has expired.',
    reason,
    nextStep: 'Try again: every reservation gets new addresses.',
  });
