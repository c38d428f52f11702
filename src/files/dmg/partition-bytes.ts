import type { FileHandle } from 'node:fs/promises';
import { demand } from '../../formats/udif/read/findings.ts';
import type { Chunk, Partition } from '../../formats/udif/read/mish.ts';
import { inflateChunk, readExactly } from './image.ts';

/** Files are read in the order in which they lie, so few are asked for again. */
const CHUNKS_KEPT = 4;

/** Reads any bytes of a partition, inflating only the chunks that hold them. */
export class PartitionBytes {
  readonly sizeBytes: number;
  private readonly file: FileHandle;
  private readonly chunks: readonly Chunk[];
  private readonly kept = new Map<Chunk, Buffer>();

  constructor(file: FileHandle, partition: Partition) {
    this.file = file;
    this.sizeBytes = partition.sizeBytes;
    this.chunks = partition.chunks.filter(({ sizeBytes }) => sizeBytes > 0);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const end = offset + length;
    demand(offset >= 0 && end <= this.sizeBytes, `Bytes ${offset} to ${end} are not on the volume.`);
    const bytes = Buffer.alloc(length);
    for (let index = this.indexAt(offset), at = offset; at < end; index++) {
      const chunk = this.chunks[index] as Chunk;
      const part = Math.min(end, chunk.offset + chunk.sizeBytes) - at;
      const source = await this.partOf(chunk, at - chunk.offset, part);
      if (source) bytes.set(source, at - offset);
      at += part;
    }
    return bytes;
  }

  private async partOf(chunk: Chunk, from: number, length: number): Promise<Buffer | undefined> {
    if (chunk.form === 'empty') return undefined;
    if (chunk.form === 'raw') return readExactly(this.file, chunk.storedOffset + from, length);
    const bytes = this.kept.get(chunk) ?? (await inflateChunk(this.file, chunk));
    this.kept.delete(chunk);
    this.kept.set(chunk, bytes);
    const [oldest] = this.kept.keys();
    if (this.kept.size > CHUNKS_KEPT && oldest) this.kept.delete(oldest);
    return bytes.subarray(from, from + length);
  }

  /** The chunk that holds the byte at `offset`: chunks are in order and without gaps. */
  private indexAt(offset: number): number {
    let [low, high] = [0, this.chunks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.chunks[middle] as Chunk).offset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
