import { promisify } from 'node:util';
import { constants, deflate } from 'node:zlib';
import type { StoredChunk } from '../../formats/udif/mish.ts';

const deflateInPool = promisify(deflate);

/** Level 9 takes three times as long for half a percent. */
const LEVEL = 6;
/** Fewer, larger output buffers: each one is a turn of the event loop. */
const OUTPUT_BUFFER_BYTES = 256 * 1024;

const SAMPLES = 4;
const SAMPLE_BYTES = 16 * 1024;
/** Bits a byte; code and text are below 7, media and archives above 7.9. */
const HIGH_ENTROPY = 7.5;
/** A sample that deflate cannot make smaller than this tells that the rest is not worth the time either. */
const WORTHWHILE_RATIO = 0.98;

export interface PackedChunk extends StoredChunk {
  readonly volume: Buffer;
  readonly stored: Buffer;
}

/** Deflates one chunk in the thread pool, or leaves it as it is when that would not make it smaller. */
export async function packChunk(volume: Buffer): Promise<PackedChunk> {
  if (await isIncompressible(volume)) return raw(volume);
  const stored = await deflateInPool(volume, { level: LEVEL, chunkSize: OUTPUT_BUFFER_BYTES });
  if (stored.length >= volume.length) return raw(volume);
  return { type: 'zlib', volume, stored, volumeBytes: volume.length, storedBytes: stored.length };
}

export const raw = (volume: Buffer): PackedChunk => ({
  type: 'raw',
  volume,
  stored: volume,
  volumeBytes: volume.length,
  storedBytes: volume.length,
});

/** Two cheap looks at a few samples: how even their bytes are, and then whether the fastest deflate helps. */
export async function isIncompressible(chunk: Buffer): Promise<boolean> {
  if (chunk.length < 2 * SAMPLES * SAMPLE_BYTES) return false;
  const stride = Math.floor((chunk.length - SAMPLE_BYTES) / (SAMPLES - 1));
  const samples = Array.from({ length: SAMPLES }, (_, index) =>
    chunk.subarray(index * stride, index * stride + SAMPLE_BYTES),
  );
  if (samples.some((sample) => entropyOf(sample) < HIGH_ENTROPY)) return false;
  const joined = Buffer.concat(samples.slice(1, 3));
  const squeezed = await deflateInPool(joined, { level: constants.Z_BEST_SPEED, chunkSize: joined.length });
  return squeezed.length > joined.length * WORTHWHILE_RATIO;
}

function entropyOf(bytes: Buffer): number {
  const counts = new Uint32Array(256);
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    counts[byte] = (counts[byte] as number) + 1;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / bytes.length);
  return bits / bytes.length;
}
