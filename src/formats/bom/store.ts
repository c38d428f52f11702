const HEADER_BYTES = 512;
const MAGIC = 'BOMStore';
/** A count of none, and the pair that ends the list. */
const FREE_LIST_BYTES = 12;

interface Variable {
  readonly name: string;
  readonly block: number;
}

/**
 * The container of a bill of materials: numbered blocks, a table of where they are, and names for a few of them. All
 * numbers in it are big-endian, and block 0 is nothing.
 */
export class BomStore {
  readonly #blocks: Buffer[] = [Buffer.alloc(0)];
  readonly #variables: Variable[] = [];

  /** @returns the number of the block */
  add(bytes: Buffer): number {
    return this.#blocks.push(bytes) - 1;
  }

  name(name: string, block: number): void {
    this.#variables.push({ name, block });
  }

  /** The whole file, in pieces. */
  pieces(): Buffer[] {
    const index = this.#index();
    const variables = this.#namesOfBlocks();
    const indexOffset = HEADER_BYTES + this.#blocks.reduce((sum, block) => sum + block.length, 0);
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    const names = { offset: indexOffset + index.length, sizeBytes: variables.length };
    const numbers = [1, this.#blocks.length - 1, indexOffset, index.length, names.offset, names.sizeBytes];
    uint32(...numbers).copy(header, MAGIC.length);
    return [header, ...this.#blocks, index, variables];
  }

  /** Address and length of each block. */
  #index(): Buffer {
    const index = Buffer.alloc(4 + 8 * this.#blocks.length + FREE_LIST_BYTES);
    index.writeUInt32BE(this.#blocks.length, 0);
    let address = HEADER_BYTES;
    for (const [number, { length }] of this.#blocks.entries()) {
      index.writeUInt32BE(length === 0 ? 0 : address, 4 + 8 * number);
      index.writeUInt32BE(length, 8 + 8 * number);
      address += length;
    }
    return index;
  }

  #namesOfBlocks(): Buffer {
    const named = this.#variables.map(({ name, block }) =>
      Buffer.concat([uint32(block), Buffer.from([name.length]), Buffer.from(name, 'latin1')]),
    );
    return Buffer.concat([uint32(named.length), ...named]);
  }
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
}
