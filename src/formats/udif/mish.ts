import { writeChecksum } from './koly.ts';

const SECTOR_BYTES = 512;
const TABLE_BYTES = 204;
const ENTRY_BYTES = 40;
const WHOLE_DISK = 0xfffffffe;
/** Sectors that a reader sets aside for one chunk, beside the chunk itself. */
const SPARE_SECTORS = 8;
const TERMINATOR = 0xffffffff;

export const chunkTypes = { raw: 0x00000001, zlib: 0x80000005 } as const;

export interface StoredChunk {
  readonly type: keyof typeof chunkTypes;
  /** What it is when read; a multiple of 512. */
  readonly volumeBytes: number;
  /** What it takes in the image. */
  readonly storedBytes: number;
}

/** The table of the chunks of a bare volume, stored back to back from the start of the image. */
export function blockTable(chunks: readonly StoredChunk[], volumeCrc: number): Buffer {
  const table = Buffer.alloc(TABLE_BYTES + ENTRY_BYTES * (chunks.length + 1));
  const largest = chunks.reduce((size, chunk) => Math.max(size, chunk.volumeBytes), 0);
  table.write('mish', 0, 'latin1');
  table.writeUInt32BE(1, 4);
  table.writeUInt32BE(largest / SECTOR_BYTES + SPARE_SECTORS, 32);
  table.writeUInt32BE(WHOLE_DISK, 36);
  writeChecksum(table, 64, volumeCrc);
  table.writeUInt32BE(chunks.length + 1, 200);
  const { sectors } = writeEntries(table.subarray(TABLE_BYTES), chunks);
  table.writeBigUInt64BE(BigInt(sectors), 16);
  return table;
}

function writeEntries(entries: Buffer, chunks: readonly StoredChunk[]): { sectors: number } {
  let [sector, offset] = [0, 0];
  for (const [index, chunk] of chunks.entries()) {
    const sectors = chunk.volumeBytes / SECTOR_BYTES;
    const fields = [sector, sectors, offset, chunk.storedBytes] as const;
    writeEntry(entries.subarray(ENTRY_BYTES * index), chunkTypes[chunk.type], fields);
    [sector, offset] = [sector + sectors, offset + chunk.storedBytes];
  }
  writeEntry(entries.subarray(ENTRY_BYTES * chunks.length), TERMINATOR, [sector, 0, offset, 0]);
  return { sectors: sector };
}

function writeEntry(entry: Buffer, type: number, fields: readonly [number, number, number, number]): void {
  entry.writeUInt32BE(type, 0);
  for (const [index, field] of fields.entries()) entry.writeBigUInt64BE(BigInt(field), 8 + 8 * index);
}
