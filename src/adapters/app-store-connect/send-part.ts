import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { ShipError } from '../../errors.ts';
import { networkFault, retryAfterOf } from '../apple/apple-faults.ts';
import { fileUrl } from '../apple/apple-hosts.ts';
import type { UploadPart } from './store-api.ts';

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
  const { path, part, service, signal } = options;
  const url = fileUrl(part.url, service);
  if (Date.now() >= part.expiresAtMs) throw expired('Its time, as Apple gave it, is over.');
  const file = await open(path, 'r');
  const body = Readable.from(slice(file, options), { objectMode: false });
  const agent = new Agent({ connect: { timeout: 15_000 }, headersTimeout: ANSWER_TIMEOUT_MS, pipelining: 1 });
  try {
    const headers = { ...part.headers, 'content-length': String(part.length) };
    const { statusCode, ...answer } = await request(url, {
      method: 'PUT',
      headers,
      body,
      dispatcher: agent,
      signal,
    });
    await answer.body.dump();
    if (!isReceipt(statusCode, answer.headers)) throw refusedPart(url, statusCode, answer.headers);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof ShipError
      ? error
      : networkFault({ what: WHAT, service: 'App Store Connect', url }, error, undefined);
  } finally {
    body.destroy();
    await agent.destroy();
    await file.close();
  }
}

async function* slice(
  file: Awaited<ReturnType<typeof open>>,
  { part, onProgress }: SendPartOptions,
): AsyncGenerator<Buffer> {
  for (let sentBytes = 0; sentBytes < part.length; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, part.length - sentBytes));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, part.offset + sentBytes);
    if (bytesRead === 0) throw new Error('the artifact became shorter while it was sent');
    yield chunk.subarray(0, bytesRead);
    sentBytes += bytesRead;
    onProgress?.(sentBytes);
  }
}

/** How storage says that an address has expired, or never was valid: it would be refused for ever. */
const GONE: ReadonlySet<number> = new Set([401, 403, 404, 410]);

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A page, as proxies show it, is none. */
const isReceipt = (status: number, headers: Headers): boolean =>
  status >= 200 && status < 300 && !/html/i.test(String(headers['content-type'] ?? ''));

function refusedPart(url: URL, status: number, headers: Headers): ShipError {
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
