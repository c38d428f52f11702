import { demand } from './fault.ts';

/**
 * Tables of a finite state entropy coder. In each state stands the symbol that it means, how many bits to read for
 * the next state, and what to add to these; here the symbol is a range of values: a base and bits that follow.
 */
export interface StateTable {
  /** All bits to read: those of the value are the lowest. */
  readonly totalBits: Uint8Array;
  readonly valueBits: Uint8Array;
  readonly base: Int32Array;
  readonly delta: Int16Array;
}

/** The values that a symbol stands for. */
export interface SymbolRanges {
  readonly bits: readonly number[];
  readonly bases: readonly number[];
}

/** @param stateCount - a power of two */
export const emptyTable = (stateCount: number): StateTable => ({
  totalBits: new Uint8Array(stateCount),
  valueBits: new Uint8Array(stateCount),
  base: new Int32Array(stateCount),
  delta: new Int16Array(stateCount),
});

/**
 * Fills a whole table, whatever it was used for before.
 *
 * @param frequencies - how many states each symbol has: all of them together
 */
export function fillTable(table: StateTable, frequencies: Uint16Array, ranges: SymbolRanges): StateTable {
  const stateCount = table.totalBits.length;
  let state = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) {
    const frequency = frequencies[symbol] as number;
    if (frequency === 0) continue;
    demand(state + frequency <= stateCount, `Its frequencies add up to more than ${stateCount}.`);
    fillSymbol(table, state, frequency, { bits: ranges.bits[symbol] ?? 0, base: ranges.bases[symbol] ?? 0 });
    state += frequency;
  }
  demand(state === stateCount, `Its frequencies add up to ${state}, not to ${stateCount}.`);
  return table;
}

/** The first states of a symbol take one bit more than the others. */
function fillSymbol(
  { totalBits, valueBits, base, delta }: StateTable,
  first: number,
  frequency: number,
  range: { readonly bits: number; readonly base: number },
): void {
  const stateCount = totalBits.length;
  const shift = Math.clz32(frequency) - Math.clz32(stateCount);
  const longer = ((2 * stateCount) >> shift) - frequency;
  valueBits.fill(range.bits, first, first + frequency);
  base.fill(range.base, first, first + frequency);
  for (let index = 0; index < frequency; index++) {
    const isLonger = index < longer;
    totalBits[first + index] = (isLonger ? shift : shift - 1) + range.bits;
    delta[first + index] = isLonger
      ? ((frequency + index) << shift) - stateCount
      : (index - longer) << (shift - 1);
  }
}

/** Reads bits from the end of a range of bytes towards its start. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Of the next bit that will not be read, counted from the start of `bytes`. */
  #at: number;

  /** @param spareBits - how many bits of the last byte do not count, 0 to 7 */
  constructor(bytes: Uint8Array, start: number, end: number, spareBits: number) {
    this.#bytes = bytes;
    this.#start = start * 8;
    this.#at = end * 8 - spareBits;
    demand(this.#at >= this.#start, 'It has spare bits without bytes.');
    const spare = spareBits === 0 ? 0 : (bytes[end - 1] as number) >> (8 - spareBits);
    demand(spare === 0, 'The spare bits at the end of its codes are not zero.');
  }

  /** @param count - 0 to 25 */
  take(count: number): number {
    const at = this.#at - count;
    if (at < this.#start) demand(false, 'Its codes end too early.');
    this.#at = at;
    const [bytes, index] = [this.#bytes, at >>> 3];
    // what lies behind the end reads as zeros, and is not among the bits asked for
    const word =
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24);
    return (word >>> (at & 7)) & ((1 << count) - 1);
  }
}
