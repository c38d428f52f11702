import { demand, uint64At, unsupported } from './findings.ts';
import { checksumAt } from './koly.ts';

const SECTOR_BYTES = 512;
const TABLE_BYTES = 204;
const ENTRY_BYTES = 40;
/** A chunk is held in memory whole; those of hdiutil have at most 1 MiB. */
const MAX_PACKED_CHUNK_BYTES = 8 * 1024 * 1024;

/** Four times what can be signed; its blocks are counted one by one. */
const MAX_PARTITION_BYTES = 16 * 2 ** 30;

const COMMENT = 0x7ffffffe;
const TERMINATOR = 0xffffffff;
const forms = new Map<number, 'empty' | 'raw' | 'zlib'>([
  [0x00000000, 'empty'],
  [0x00000001, 'raw'],
  [0x00000002, 'empty'],
  [0x80000005, 'zlib'],
]);
const otherForms = new Map([
  [0x80000004, 'ADC'],
  [0x80000006, 'bzip2'],
  [0x80000007, 'LZFSE'],
  [0x80000008, 'LZMA'],
]);

export interface Chunk {
  /** `empty` reads as zeros, takes nothing in the image and does not count in the checksum. */
  readonly form: 'empty' | 'raw' | 'zlib';
  /** Counted from the start of its partition. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Counted from the start of the file. */
  readonly storedOffset: number;
  readonly storedBytes: number;
}

export interface Partition {
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: readonly Chunk[];
  readonly crc?: number;
}

/** Where the stored chunks may lie in the file. */
export interface DataFork {
  readonly dataForkOffset: number;
  readonly dataForkLength: number;
}

/** Reads one block table; its chunks must cover the partition without gap or overlap, in order. */
export function parseMish(bytes: Buffer, name: string, fork: DataFork): Partition {
  demand(bytes.length >= TABLE_BYTES, `The block table of "${name}" has only ${bytes.length} bytes.`);
  demand(bytes.toString('latin1', 0, 4) === 'mish', `The block table of "${name}" has a wrong magic.`);
  const entries = bytes.readUInt32BE(200);
  const room = Math.floor((bytes.length - TABLE_BYTES) / ENTRY_BYTES);
  demand(
    entries > 0 && entries <= room,
    `The block table of "${name}" names ${entries} chunks, has ${room}.`,
  );
  const base = fork.dataForkOffset + uint64At(bytes, 24, `data offset of "${name}"`);
  const sizeBytes = uint64At(bytes, 16, `size of "${name}"`) * SECTOR_BYTES;
  demand(sizeBytes <= MAX_PARTITION_BYTES, `The partition "${name}" has ${sizeBytes} bytes.`);
  const chunks = readChunks(bytes.subarray(TABLE_BYTES), entries, base);
  for (const chunk of chunks) checkChunk(chunk, name, fork);
  checkCover(chunks, sizeBytes, name);
  const crc = checksumAt(bytes, 64, `partition "${name}"`);
  return { name, sizeBytes, chunks, ...(crc !== undefined && { crc }) };
}

function readChunks(bytes: Buffer, entries: number, base: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let index = 0; index < entries; index++) {
    const entry = bytes.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    const type = entry.readUInt32BE(0);
    const isLast = index === entries - 1;
    demand((type === TERMINATOR) === isLast, `Chunk ${index} is no terminator, or one too early.`);
    if (isLast || type === COMMENT) continue;
    chunks.push(readChunk(entry, type, base));
  }
  return chunks;
}

function readChunk(entry: Buffer, type: number, base: number): Chunk {
  const form = forms.get(type);
  if (!form) throw unsupported(`A chunk is packed with ${otherForms.get(type) ?? `method ${type}`}.`);
  return {
    form,
    offset: uint64At(entry, 8, 'first sector of a chunk') * SECTOR_BYTES,
    sizeBytes: uint64At(entry, 16, 'sector count of a chunk') * SECTOR_BYTES,
    storedOffset: base + uint64At(entry, 24, 'offset of a chunk'),
    storedBytes: form === 'empty' ? 0 : uint64At(entry, 32, 'stored length of a chunk'),
  };
}

function checkChunk(chunk: Chunk, name: string, fork: DataFork): void {
  const where = () => `The chunk at byte ${chunk.offset} of "${name}"`;
  demand(chunk.sizeBytes > 0 || chunk.storedBytes === 0, () => `${where()} stores bytes of nothing.`);
  if (chunk.form === 'empty') return;
  const end = chunk.storedOffset + chunk.storedBytes;
  const inside =
    chunk.storedOffset >= fork.dataForkOffset && end <= fork.dataForkOffset + fork.dataForkLength;
  demand(inside, () => `${where()} is stored outside the data of the image.`);
  if (chunk.form === 'raw') {
    demand(chunk.storedBytes === chunk.sizeBytes, () => `${where()} is raw, but has another stored length.`);
    return;
  }
  const largest = Math.max(chunk.sizeBytes, chunk.storedBytes);
  demand(largest <= MAX_PACKED_CHUNK_BYTES, () => `${where()} has ${largest} bytes, too many for one chunk.`);
}

function checkCover(chunks: readonly Chunk[], sizeBytes: number, name: string): void {
  let end = 0;
  for (const chunk of chunks) {
    demand(
      chunk.offset === end,
      () => `In "${name}" a chunk is at ${chunk.offset}; the last ended at ${end}.`,
    );
    end += chunk.sizeBytes;
  }
  demand(end === sizeBytes, `The chunks of "${name}" end at ${end}, the partition at ${sizeBytes}.`);
}
