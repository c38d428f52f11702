import { bigWords, tag } from './parts.ts';

const HEADER_BYTES = 512;
const ALIGNMENT = 16;
const VERSION = 1;
const FEWEST_SLOTS = 256;
/** A free list without entries: its count, and the two empty pairs that Apple's writer leaves there. */
const EMPTY_FREE_LIST = Buffer.alloc(20);

/**
 * Writes a BOMStore, the container of asset catalogs: big-endian numbers around blocks that are numbered from 1, and
 * names for some of them. Blocks follow in the order of their numbers; the table of names and the index of all blocks
 * come last, and everything starts at a multiple of 16.
 */
export class BomStore {
  readonly #blocks: Buffer[] = [];
  readonly #variables: Variable[] = [];

  /** The number that the next block will have. */
  get nextId(): number {
    return this.#blocks.length + 1;
  }

  /** @returns the number of the block */
  add(block: Buffer): number {
    return this.#blocks.push(block);
  }

  name(name: string, id: number): void {
    this.#variables.push({ name, id });
  }

  toBuffer(): Buffer {
    const layout = new Layout();
    const places = this.#blocks.map((block) => layout.place(block));
    const variables = layout.place(variablesTable(this.#variables));
    const index = layout.place(indexTable(places));
    const tables = [index.at, index.content.length, variables.at, variables.content.length];
    const bytes = Buffer.alloc(layout.sizeBytes);
    Buffer.concat([tag('BOMStore'), bigWords(VERSION, this.#blocks.length, ...tables)]).copy(bytes);
    for (const { at, content } of [...places, variables, index]) content.copy(bytes, at);
    return bytes;
  }
}

interface Variable {
  readonly name: string;
  readonly id: number;
}

interface Place {
  readonly at: number;
  readonly content: Buffer;
}

class Layout {
  sizeBytes = HEADER_BYTES;

  place(content: Buffer): Place {
    const at = Math.ceil(this.sizeBytes / ALIGNMENT) * ALIGNMENT;
    this.sizeBytes = at + content.length;
    return { at, content };
  }
}

const variablesTable = (variables: readonly Variable[]): Buffer =>
  Buffer.concat([
    bigWords(variables.length),
    ...variables.flatMap(({ name, id }) => [bigWords(id), Buffer.of(name.length), tag(name)]),
  ]);

/** Slot 0 stands for no block at all. */
function indexTable(places: readonly Place[]): Buffer {
  const slots = Math.max(FEWEST_SLOTS, Math.ceil((places.length + 1) / 8) * 8);
  const table = bigWords(slots, 0, 0, ...places.flatMap(({ at, content }) => [at, content.length]));
  return Buffer.concat([table, Buffer.alloc(8 * (slots - places.length - 1)), EMPTY_FREE_LIST]);
}
