import { createGunzip, createInflateRaw } from 'node:zlib';
import { throughZlib, type ZlibEngine } from './through-zlib.ts';

/** Large blocks, because each costs a trip to another thread. */
const chunkSize = 256 * 1024;

export interface InflateOptions {
  readonly signal: AbortSignal;
  /** Makes the error for input that is damaged, cut short, or followed by bytes that do not belong to it. */
  readonly onCorrupt: (reason: string, cause?: unknown) => Error;
}

/** Unpacks one gzip (RFC 1952), to the very last byte of the source, so that its checksum is always looked at. */
export const gunzipStrictly = (
  source: AsyncIterable<Buffer>,
  options: InflateOptions,
): AsyncGenerator<Buffer, void> => inflate(source, createGunzip({ chunkSize }), options);

/** Unpacks one raw deflate stream (RFC 1951) that has to fill the whole source. */
export const inflateRawStrictly = (
  source: AsyncIterable<Buffer>,
  options: InflateOptions,
): AsyncGenerator<Buffer, void> => inflate(source, createInflateRaw({ chunkSize }), options);

async function* inflate(
  source: AsyncIterable<Buffer>,
  engine: ZlibEngine,
  { signal, onCorrupt }: InflateOptions,
): AsyncGenerator<Buffer, void> {
  // zlib ends in silence at a zero byte behind its data: what it did not take is not part of the archive.
  const onEnd = (tookAll: boolean) => {
    if (!tookAll) throw onCorrupt('There are bytes behind the end of its compressed data.');
  };
  try {
    yield* throughZlib(source, engine, { signal, onEnd });
  } catch (error) {
    throw isZlibError(error) ? onCorrupt(`Its compressed data is damaged: ${error.message}.`, error) : error;
  }
}

const isZlibError = (error: unknown): error is NodeJS.ErrnoException =>
  String((error as NodeJS.ErrnoException | null)?.code).startsWith('Z_');
