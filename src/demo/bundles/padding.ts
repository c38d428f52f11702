import { createCipheriv, hash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** Content that makes a bundle as large as real ones, and that no compression shrinks. */
export interface Padding {
  /** Of all files together. */
  readonly sizeBytes: number;
  /** 1 when left out. */
  readonly files?: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** Writes `padding-0.bin`, … into `folder`: the same bytes for the same names, about 1 GB/s. */
export async function writePadding(folder: string, { sizeBytes, files = 1 }: Padding): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < files; index += 1) {
    const share = Math.floor(sizeBytes / files) + (index < sizeBytes % files ? 1 : 0);
    await writeNoise(join(folder, `padding-${index}.bin`), share, `padding-${index}`);
  }
}

/** A key stream is as good as random to a compressor, and comes from the processor's own instructions. */
async function writeNoise(path: string, sizeBytes: number, seed: string): Promise<void> {
  const key = hash('sha256', seed, 'buffer').subarray(0, 16);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  const file = await open(path, 'wx', 0o644);
  try {
    for (let done = 0; done < sizeBytes; done += CHUNK_BYTES)
      await file.writeFile(stream.update(zeros.subarray(0, sizeBytes - done)));
  } finally {
    await file.close();
  }
}
