import { ByteReader } from './tar-bytes.ts';

/** A stretch of a sparse file that is in the archive; what lies between two of them is zeros. */
export interface SparsePart {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface SparseMap {
  readonly parts: readonly SparsePart[];
  /** Of the file once its holes are filled. */
  readonly realSizeBytes: number;
}

/** More stretches than any file of an app has; each one costs a turn. */
const MAX_PARTS = 100_000;
const PIECE_BYTES = 1024 * 1024;
/** `numblocks`, then offset and size of each part, a number a line, in blocks of 512 bytes. */
const MAX_MAP_BYTES = 1024 * 1024;
const BLOCK_BYTES = 512;
const NEWLINE = 0x0a;

/** What the records of a pax header say about the entry behind it, as a sparse file. */
export interface PaxSparse {
  /** The name of the file; `path` then holds a made-up one. */
  readonly name?: string;
  readonly realSizeBytes: number;
  /** Left out in version 1.0, where the map comes before the data. */
  readonly parts?: readonly SparsePart[];
}

/** Any whole number that a size in a bundle may have; undefined for everything else. */
export const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/**
 * Sparse files in the three forms of GNU tar that bsdtar (libarchive) reads and of which it writes 1.0.
 *
 * @returns undefined when no record is about sparse files, `broken` when they make no sense together
 * @see https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
 */
export function paxSparse(
  records: readonly (readonly [key: string, value: string])[],
): PaxSparse | 'broken' | undefined {
  const own = records.filter(([key]) => key.startsWith('GNU.sparse.'));
  if (own.length === 0) return undefined;
  const said = new Map(own.map(([key, value]) => [key.slice('GNU.sparse.'.length), value]));
  const realSizeBytes = wholeNumber(said.get('realsize') ?? said.get('size'));
  const name = said.get('name');
  const version = said.get('major') === undefined ? '0' : `${said.get('major')}.${said.get('minor')}`;
  if (realSizeBytes === undefined || !['0', '0.0', '0.1', '1.0'].includes(version)) return 'broken';
  const common = { realSizeBytes, ...(name !== undefined && { name }) };
  if (version === '1.0') return common;
  const map = said.get('map');
  const parts = pairs(map === undefined ? listed(own) : map.split(','));
  if (!parts || wholeNumber(said.get('numblocks')) !== parts.length) return 'broken';
  return { ...common, parts };
}

/** Version 0.0 has a record for each number: offset, size, offset, size… */
const listed = (records: readonly (readonly [string, string])[]): string[] | undefined => {
  const numbers = records.filter(([key]) => /^GNU\.sparse\.(?:offset|numbytes)$/.test(key));
  const inTurns = numbers.every(([key], i) => key.endsWith(i % 2 === 0 ? 'offset' : 'numbytes'));
  return inTurns ? numbers.map(([, value]) => value) : undefined;
};

function pairs(numbers: readonly string[] | undefined): SparsePart[] | undefined {
  if (!numbers || numbers.length % 2 !== 0 || numbers.length > 2 * MAX_PARTS) return undefined;
  const parts: SparsePart[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    const [offset, sizeBytes] = [wholeNumber(numbers[i]), wholeNumber(numbers[i + 1])];
    if (offset === undefined || sizeBytes === undefined) return undefined;
    parts.push({ offset, sizeBytes });
  }
  return parts;
}

/**
 * Reads the map in front of the data of a 1.0 file.
 *
 * @param nextBlock - the next 512 bytes of the entry, or undefined at its end
 * @returns undefined when it is none
 */
export async function readSparseMap(
  nextBlock: () => Promise<Buffer | undefined>,
): Promise<SparsePart[] | undefined> {
  const blocks: Buffer[] = [];
  let count: number | undefined;
  for (let lines = 0; blocks.length * BLOCK_BYTES < MAX_MAP_BYTES; ) {
    const block = await nextBlock();
    if (!block) return undefined;
    blocks.push(block);
    count ??= wholeNumber(block.toString('latin1', 0, 16).split('\n', 1)[0]);
    if (count === undefined || count > MAX_PARTS) return undefined;
    for (const byte of block) if (byte === NEWLINE) lines += 1;
    if (lines < 1 + 2 * count) continue;
    return pairs(
      Buffer.concat(blocks)
        .toString('latin1')
        .split('\n')
        .slice(1, 1 + 2 * count),
    );
  }
  return undefined;
}

/** The map of the older form of GNU tar (entry type `S`), a part of which lies in blocks behind the header. */
export async function readOldSparseMap(
  header: Buffer,
  nextBlock: () => Promise<Buffer>,
): Promise<SparseMap | undefined> {
  const realSizeBytes = tarNumber(header, 483);
  const parts = numbersAt(header, 386, 4);
  for (let block = header, more = header[482]; more; more = block[504]) {
    block = await nextBlock();
    parts.push(...numbersAt(block, 0, 21));
    if (parts.length > MAX_PARTS) return undefined;
  }
  const known = parts.flatMap(({ offset, sizeBytes }) =>
    offset === undefined || sizeBytes === undefined ? [] : { offset, sizeBytes },
  );
  return realSizeBytes === undefined || known.length < parts.length
    ? undefined
    : { realSizeBytes, parts: known };
}

/** Unused places of the map are filled with NUL. */
const numbersAt = (block: Buffer, start: number, count: number) =>
  Array.from({ length: count }, (_, i) => start + i * 24)
    .filter((at) => block[at] !== 0)
    .map((at) => ({ offset: tarNumber(block, at), sizeBytes: tarNumber(block, at + 12) }));

/** Twelve bytes: octal digits, or from 8 GiB on binary with the highest bit set. */
function tarNumber(block: Buffer, at: number): number | undefined {
  const field = block.subarray(at, at + 12);
  if (field[0] === 0x80) {
    const value = field.readBigUInt64BE(4);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }
  const digits = /^ *([0-7]{1,12})[ \0]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** A map that can be followed: in order, inside of the file, and exactly as much data as there is. */
export function isSoundMap({ parts, realSizeBytes }: SparseMap, dataBytes: number): boolean {
  let end = 0;
  let total = 0;
  for (const { offset, sizeBytes } of parts) {
    if (offset < end || offset + sizeBytes > realSizeBytes) return false;
    end = offset + sizeBytes;
    total += sizeBytes;
  }
  return total === dataBytes;
}

/**
 * The file as it was before its holes were left out.
 *
 * @param onHole - told the size of each piece of zeros before it comes; throws when it is too much
 */
export async function* fillHoles(
  data: AsyncIterable<Buffer>,
  { parts, realSizeBytes }: SparseMap,
  onHole: (bytes: number) => void,
): AsyncGenerator<Buffer, void> {
  const bytes = new ByteReader(data);
  let position = 0;
  for (const part of [...parts, { offset: realSizeBytes, sizeBytes: 0 }]) {
    yield* zeros(part.offset - position, onHole);
    for (let left = part.sizeBytes; left > 0; ) {
      const piece = await bytes.some(Math.min(left, PIECE_BYTES));
      if (!piece) return;
      left -= piece.length;
      yield piece;
    }
    position = part.offset + part.sizeBytes;
  }
}

const NOTHING = Buffer.alloc(PIECE_BYTES);

function* zeros(count: number, onHole: (bytes: number) => void): Generator<Buffer, void> {
  for (let left = count; left > 0; ) {
    const piece = NOTHING.subarray(0, Math.min(left, PIECE_BYTES));
    onHole(piece.length);
    left -= piece.length;
    yield piece;
  }
}
