import { createGunzip, createInflateRaw, inflateRawSync } from 'node:zlib';
import { throughZlib, type ZlibEngine } from './through-zlib.ts';

/** Large blocks, because each costs a trip to another thread. */
const chunkSize = 256 * 1024;

const BYTES_BEHIND = 'There are bytes behind the end of its compressed data.';

export interface InflateOptions {
  readonly signal: AbortSignal;
  /** Makes the error for input that is damaged, cut short, or followed by bytes that do not belong to it. */
  readonly onCorrupt: (reason: string, cause?: unknown) => Error;
}

/**
 * Unpacks one gzip (RFC 1952), to the very last byte of the source, so that its checksum is always looked at. Zeros
 * behind it are let pass: `tar cz` into a pipe fills its last block with them on a Mac.
 */
export const gunzipStrictly = (
  source: AsyncIterable<Buffer>,
  options: InflateOptions,
): AsyncGenerator<Buffer, void> =>
  inflate(source, createGunzip({ chunkSize }), ['nothing', 'zeros'], options);

/** Unpacks one raw deflate stream (RFC 1951) that has to fill the whole source. */
export const inflateRawStrictly = (
  source: AsyncIterable<Buffer>,
  options: InflateOptions,
): AsyncGenerator<Buffer, void> => inflate(source, createInflateRaw({ chunkSize }), ['nothing'], options);

/**
 * The same for a piece that is small on both sides: at once, because setting up a stream costs more than the work.
 *
 * @param unpackedBytes - no more than these are unpacked
 */
export function inflateRawSmall(
  packed: Buffer,
  unpackedBytes: number,
  onCorrupt: InflateOptions['onCorrupt'],
): Buffer {
  try {
    // `info` is not in the types: with it the engine comes along, which knows how much input it has taken.
    const options = { maxOutputLength: Math.max(unpackedBytes, 1), info: true };
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten !== packed.length) throw onCorrupt(BYTES_BEHIND);
    return buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw onCorrupt('A part of it unpacks to more than it declares.', error);
    throw isZlibError(error) ? onCorrupt(`Its compressed data is damaged: ${message}.`, error) : error;
  }
}

async function* inflate(
  source: AsyncIterable<Buffer>,
  engine: ZlibEngine,
  mayBeLeft: readonly string[],
  { signal, onCorrupt }: InflateOptions,
): AsyncGenerator<Buffer, void> {
  // zlib ends in silence at a zero byte behind its data: what it did not take is not part of the archive.
  const onEnd = (left: string) => {
    if (!mayBeLeft.includes(left)) throw onCorrupt(BYTES_BEHIND);
  };
  try {
    yield* throughZlib(source, engine, { signal, onEnd });
  } catch (error) {
    throw isZlibError(error) ? onCorrupt(`Its compressed data is damaged: ${error.message}.`, error) : error;
  }
}

const isZlibError = (error: unknown): error is NodeJS.ErrnoException =>
  String((error as NodeJS.ErrnoException | null)?.code).startsWith('Z_');
