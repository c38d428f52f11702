import { type BlockHeader, DISTANCE_STATES, LENGTH_STATES, LITERAL_STATES } from './block-header.ts';
import { BackwardBits, emptyTable, fillTable, type StateTable, type SymbolRanges } from './entropy.ts';
import { demand } from './fault.ts';
import type { Output } from './output.ts';

/** How many bits follow each symbol; its base is where the range of the one before ends. */
function ranges(bits: readonly number[]): SymbolRanges {
  const bases: number[] = [];
  let base = 0;
  for (const count of bits) {
    bases.push(base);
    base += 2 ** count;
  }
  return { bits, bases };
}

const SIXTEEN_ZEROS = Array.from({ length: 16 }, () => 0);
const LENGTHS = ranges([...SIXTEEN_ZEROS, 2, 3, 5, 8]);
const MATCHES = ranges([...SIXTEEN_ZEROS, 3, 5, 8, 11]);
/** Four symbols of each width. */
const DISTANCES = ranges(Array.from({ length: 64 }, (_, index) => index >> 2));
const BYTES = ranges(Array.from({ length: 256 }, () => 0));

/** Filled anew for each block: a stream may have very many small ones. */
const TABLES = {
  literals: emptyTable(LITERAL_STATES),
  lengths: emptyTable(LENGTH_STATES),
  matches: emptyTable(LENGTH_STATES),
  distances: emptyTable(DISTANCE_STATES),
} as const;

/** Decodes one block: first all its literals, then the matches that use them. */
export function decodeBlock(bytes: Buffer, header: BlockHeader, output: Output): void {
  const { headerBytes, literalBytes, matchBytes } = header;
  const matchesAt = headerBytes + literalBytes;
  const before = output.length;
  const literals = decodeLiterals(bytes, header);
  const bits = new BackwardBits(bytes, matchesAt, matchesAt + matchBytes, header.matchSpareBits);
  decodeMatches(header, bits, literals, output);
  const written = output.length - before;
  demand(written === header.rawBytes, () => `A block of ${header.rawBytes} bytes decodes to ${written}.`);
}

/** Four coders take turns at one stream of bits. */
function decodeLiterals(bytes: Buffer, header: BlockHeader): Uint8Array {
  const { headerBytes, literalBytes, literalCount, literalSpareBits } = header;
  if (literalCount === 0) return new Uint8Array(0);
  const table = fillTable(TABLES.literals, header.frequencies.literals, BYTES);
  const bits = new BackwardBits(bytes, headerBytes, headerBytes + literalBytes, literalSpareBits);
  const literals = new Uint8Array(literalCount);
  const states = Uint16Array.from(header.literalStates);
  const { totalBits, base, delta } = table;
  for (let index = 0; index < literalCount; index++) {
    const state = states[index & 3] as number;
    literals[index] = base[state] as number;
    states[index & 3] = (delta[state] as number) + bits.take(totalBits[state] as number);
  }
  return literals;
}

/** A coder in its state. */
class Coder {
  readonly #table: StateTable;
  #state: number;

  constructor(table: StateTable, state: number) {
    this.#table = table;
    this.#state = state;
  }

  next(bits: BackwardBits): number {
    const { totalBits, valueBits, base, delta } = this.#table;
    const state = this.#state;
    const taken = bits.take(totalBits[state] as number);
    const width = valueBits[state] as number;
    this.#state = (delta[state] as number) + (taken >> width);
    return (base[state] as number) + (taken & ((1 << width) - 1));
  }
}

function decodeMatches(header: BlockHeader, bits: BackwardBits, literals: Uint8Array, output: Output): void {
  const { frequencies } = header;
  const lengths = new Coder(fillTable(TABLES.lengths, frequencies.lengths, LENGTHS), header.lengthState);
  const matches = new Coder(fillTable(TABLES.matches, frequencies.matches, MATCHES), header.matchState);
  const distances = new Coder(
    fillTable(TABLES.distances, frequencies.distances, DISTANCES),
    header.distanceState,
  );
  let [used, distance] = [0, 0];
  for (let left = header.matchCount; left > 0; left--) {
    const length = lengths.next(bits);
    const match = matches.next(bits);
    // zero: that of the match before
    distance = distances.next(bits) || distance;
    if (used + length > literals.length) demand(false, 'A block uses more literals than it has.');
    output.literals(literals, used, length);
    used += length;
    if (match > 0) output.match(distance, match);
  }
}
