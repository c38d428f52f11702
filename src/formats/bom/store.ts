const HEADER_BYTES = 512;
const MAGIC = 'BOMStore';
const VERSION = 1;

interface Variable {
  readonly name: string;
  readonly block: number;
}

/** What Apple's writers of the container differ in. */
export interface BomForm {
  /** Whatever follows the header starts at a multiple of it. */
  readonly alignmentBytes: number;
  /** Slots of the index, block 0 among them, for so many that are used. */
  readonly slotsFor: (used: number) => number;
  /** A list of no free blocks: a count of none, and empty pairs. */
  readonly freeListBytes: number;
  /** The other way round, the names of blocks come last. */
  readonly isIndexLast: boolean;
}

/** As mkbom writes it. */
export const BILL_FORM: BomForm = {
  alignmentBytes: 1,
  slotsFor: (used) => used,
  freeListBytes: 12,
  isIndexLast: false,
};

/** As actool writes it. */
export const CATALOG_FORM: BomForm = {
  alignmentBytes: 16,
  slotsFor: (used) => Math.max(256, Math.ceil(used / 8) * 8),
  freeListBytes: 20,
  isIndexLast: true,
};

/**
 * The container of bills of materials and of asset catalogs: numbered blocks, a table of where they are, and names for
 * a few of them. All numbers in it are big-endian, and block 0 is nothing.
 */
export class BomStore {
  readonly #form: BomForm;
  readonly #blocks: Buffer[] = [Buffer.alloc(0)];
  readonly #variables: Variable[] = [];

  constructor(form: BomForm) {
    this.#form = form;
  }

  /** The number that the next block will have. */
  get nextId(): number {
    return this.#blocks.length;
  }

  /** @returns the number of the block */
  add(bytes: Buffer): number {
    return this.#blocks.push(bytes) - 1;
  }

  name(name: string, block: number): void {
    this.#variables.push({ name, block });
  }

  /** The whole file, in pieces. */
  pieces(): Buffer[] {
    const layout = new Layout(this.#form.alignmentBytes);
    const places = this.#blocks.map((block) => layout.place(block));
    const [index, names] = [indexTable(places, this.#form), namesTable(this.#variables)];
    const order = this.#form.isIndexLast ? [names, index] : [index, names];
    const offsets = new Map(order.map((table) => [table, layout.place(table).offset]));
    const tables = [index, names].flatMap((table) => [offsets.get(table) ?? 0, table.length]);
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    bigWords(VERSION, this.#blocks.length - 1, ...tables).copy(header, MAGIC.length);
    return [header, ...layout.pieces];
  }
}

interface Place {
  /** 0 for what is empty. */
  readonly offset: number;
  readonly sizeBytes: number;
}

class Layout {
  readonly pieces: Buffer[] = [];
  readonly #alignmentBytes: number;
  #end = HEADER_BYTES;

  constructor(alignmentBytes: number) {
    this.#alignmentBytes = alignmentBytes;
  }

  place(piece: Buffer): Place {
    if (piece.length === 0) return { offset: 0, sizeBytes: 0 };
    const offset = Math.ceil(this.#end / this.#alignmentBytes) * this.#alignmentBytes;
    if (offset > this.#end) this.pieces.push(Buffer.alloc(offset - this.#end));
    this.pieces.push(piece);
    this.#end = offset + piece.length;
    return { offset, sizeBytes: piece.length };
  }
}

/** Address and length of each block; there may be more of them than a function takes arguments. */
function indexTable(places: readonly Place[], { slotsFor, freeListBytes }: BomForm): Buffer {
  const slots = slotsFor(places.length);
  const table = Buffer.alloc(4 + 8 * slots + freeListBytes);
  table.writeUInt32BE(slots, 0);
  for (const [number, { offset, sizeBytes }] of places.entries()) {
    table.writeUInt32BE(offset, 4 + 8 * number);
    table.writeUInt32BE(sizeBytes, 8 + 8 * number);
  }
  return table;
}

function namesTable(variables: readonly Variable[]): Buffer {
  const named = variables.map(({ name, block }) =>
    Buffer.concat([bigWords(block), Buffer.of(name.length), Buffer.from(name, 'latin1')]),
  );
  return Buffer.concat([bigWords(named.length), ...named]);
}

/**
 * Numbers of 32 bits.
 *
 * @throws RangeError for one that has no such form
 */
export function bigWords(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** The low 32 bits of each number. */
export const uint32 = (...values: readonly number[]): Buffer =>
  bigWords(...values.map((value) => value >>> 0));
