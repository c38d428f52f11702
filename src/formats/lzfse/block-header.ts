import { demand } from './fault.ts';

export const LITERAL_STATES = 1024;
export const LENGTH_STATES = 64;
export const DISTANCE_STATES = 256;
const [L_SYMBOLS, M_SYMBOLS, D_SYMBOLS, LITERAL_SYMBOLS] = [20, 20, 64, 256];
const SYMBOLS = L_SYMBOLS + M_SYMBOLS + D_SYMBOLS + LITERAL_SYMBOLS;
const MAX_LITERALS = 40_000;
const MAX_MATCHES = 10_000;

const PACKED_HEADER_BYTES = 32;
const PLAIN_TABLES_AT = 50;
/** A multiple of four. */
const PLAIN_HEADER_BYTES = 772;

/** What stands before the codes of a compressed block; offsets count from its start. */
export interface BlockHeader {
  readonly headerBytes: number;
  readonly rawBytes: number;
  readonly literalCount: number;
  readonly matchCount: number;
  readonly literalBytes: number;
  readonly matchBytes: number;
  /** Bits of the last byte that do not count. */
  readonly literalSpareBits: number;
  readonly matchSpareBits: number;
  /** Of the four streams of literals, in turn. */
  readonly literalStates: readonly [number, number, number, number];
  readonly lengthState: number;
  readonly matchState: number;
  readonly distanceState: number;
  readonly frequencies: Frequencies;
}

/** How many states each symbol has. */
interface Frequencies {
  readonly lengths: Uint16Array;
  readonly matches: Uint16Array;
  readonly distances: Uint16Array;
  readonly literals: Uint16Array;
}

/** The header of a block `bvx2`, whose fields are packed into three words and whose tables are coded. */
export function readPackedHeader(bytes: Buffer): BlockHeader {
  demand(bytes.length >= PACKED_HEADER_BYTES, 'A block ends in its header.');
  const [first, second, third] = [8, 16, 24].map((at) => bytes.readBigUInt64LE(at)) as [
    bigint,
    bigint,
    bigint,
  ];
  const headerBytes = bits(third, 0, 32);
  demand(
    headerBytes >= PACKED_HEADER_BYTES && headerBytes <= bytes.length,
    () => `The header of a block has ${headerBytes} bytes.`,
  );
  return checked({
    headerBytes,
    rawBytes: bytes.readUInt32LE(4),
    literalCount: bits(first, 0, 20),
    literalBytes: bits(first, 20, 20),
    matchCount: bits(first, 40, 20),
    literalSpareBits: 7 - bits(first, 60, 3),
    literalStates: [bits(second, 0, 10), bits(second, 10, 10), bits(second, 20, 10), bits(second, 30, 10)],
    matchBytes: bits(second, 40, 20),
    matchSpareBits: 7 - bits(second, 60, 3),
    lengthState: bits(third, 32, 10),
    matchState: bits(third, 42, 10),
    distanceState: bits(third, 52, 10),
    frequencies: split(codedFrequencies(bytes.subarray(PACKED_HEADER_BYTES, headerBytes))),
  });
}

const bits = (word: bigint, at: number, count: number): number =>
  Number((word >> BigInt(at)) & ((1n << BigInt(count)) - 1n));

/** The header of a block `bvx1`: the same fields and tables, as plain numbers. */
export function readPlainHeader(bytes: Buffer): BlockHeader {
  demand(bytes.length >= PLAIN_HEADER_BYTES, 'A block ends in its header.');
  const frequencies = Uint16Array.from({ length: SYMBOLS }, (_, index) =>
    bytes.readUInt16LE(PLAIN_TABLES_AT + index * 2),
  );
  const state = (at: number): number => bytes.readUInt16LE(at);
  return checked({
    headerBytes: PLAIN_HEADER_BYTES,
    rawBytes: bytes.readUInt32LE(4),
    literalCount: bytes.readUInt32LE(12),
    matchCount: bytes.readUInt32LE(16),
    literalBytes: bytes.readUInt32LE(20),
    matchBytes: bytes.readUInt32LE(24),
    literalSpareBits: -bytes.readInt32LE(28),
    literalStates: [state(32), state(34), state(36), state(38)],
    matchSpareBits: -bytes.readInt32LE(40),
    lengthState: state(44),
    matchState: state(46),
    distanceState: state(48),
    frequencies: split(frequencies),
  });
}

function checked(header: BlockHeader): BlockHeader {
  const { rawBytes, literalCount, matchCount, literalStates } = header;
  demand(rawBytes > 0, 'A block decodes to nothing.');
  demand(
    literalCount <= MAX_LITERALS && matchCount <= MAX_MATCHES,
    'A block has more codes than fit in one.',
  );
  // each code stands for a byte at least, and literals come in fours: more would be work without a result
  demand(
    literalCount <= rawBytes + 3 && matchCount <= rawBytes + 1,
    () => `A block has ${literalCount} literals and ${matchCount} matches for ${rawBytes} bytes.`,
  );
  demand(
    literalStates.every((state) => state < LITERAL_STATES),
    'A block begins in a state that is not there.',
  );
  demand(header.lengthState < LENGTH_STATES, 'A block begins in a state that is not there.');
  demand(header.matchState < LENGTH_STATES, 'A block begins in a state that is not there.');
  demand(header.distanceState < DISTANCE_STATES, 'A block begins in a state that is not there.');
  for (const spare of [header.literalSpareBits, header.matchSpareBits])
    demand(spare >= 0 && spare <= 7, `A block has ${spare} spare bits.`);
  return header;
}

const split = (all: Uint16Array): Frequencies => ({
  lengths: all.subarray(0, L_SYMBOLS),
  matches: all.subarray(L_SYMBOLS, L_SYMBOLS + M_SYMBOLS),
  distances: all.subarray(L_SYMBOLS + M_SYMBOLS, L_SYMBOLS + M_SYMBOLS + D_SYMBOLS),
  literals: all.subarray(L_SYMBOLS + M_SYMBOLS + D_SYMBOLS),
});

/** All tables one after the other, in codes of 2 to 14 bits, the lowest bit first. */
function codedFrequencies(bytes: Uint8Array): Uint16Array {
  const frequencies = new Uint16Array(SYMBOLS);
  if (bytes.length === 0) return frequencies;
  let [at, word, available] = [0, 0, 0];
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    for (; available <= 16 && at < bytes.length; available += 8) word |= (bytes[at++] as number) << available;
    const [value, used] = frequencyCode(word);
    demand(used <= available, 'The tables of a block end too early.');
    frequencies[symbol] = value;
    word >>>= used;
    available -= used;
  }
  demand(at === bytes.length && available < 8, 'The tables of a block end before its header.');
  return frequencies;
}

/** @returns the frequency, and of how many bits its code is */
function frequencyCode(word: number): readonly [value: number, bits: number] {
  if ((word & 1) === 0) return [(word >> 1) & 1, 2];
  if ((word & 2) === 0) return [2 + ((word >> 2) & 1), 3];
  if ((word & 4) === 0) return [4 + ((word >> 3) & 3), 5];
  if ((word & 8) === 0) return [8 + ((word >> 4) & 15), 8];
  return [24 + ((word >> 4) & 1023), 14];
}
