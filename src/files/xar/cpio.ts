import { malformed } from '../../formats/code-signature/malformed.ts';

/** One item of a payload. Its `content` must be read, or left unread, before the next item is asked for. */
export interface CpioItem {
  /** As stored, without `./` at the front; the empty text for the root. */
  readonly path: string;
  /** All 16 bits, with the type. */
  readonly mode: number;
  readonly sizeBytes: number;
  content(): AsyncGenerator<Buffer>;
}

const WHAT = 'payload of the installer package';
/** The old portable form of POSIX.1, which Apple's packages are in: numbers as octal digits, no padding. */
const MAGIC = '070707';
const HEADER_BYTES = 76;
const MAX_NAME_BYTES = 8192;
const TRAILER = 'TRAILER!!!';
/** cpio fills the last block of 512 bytes, bsdtar one of 10 KiB. */
const MAX_PADDING_BYTES = 10 * 1024;

/**
 * Reads a cpio archive from its first byte to its last; memory does not grow with its size.
 *
 * @throws ShipError SIGNATURE_MALFORMED · what the source throws
 */
export async function* readCpio(source: AsyncIterable<Buffer>): AsyncGenerator<CpioItem> {
  const reader = new ByteReader(source);
  try {
    for (;;) {
      const header = (await reader.take(HEADER_BYTES)).toString('latin1');
      if (!header.startsWith(MAGIC)) throw malformed(WHAT, 'it is no cpio archive of the known form');
      const nameBytes = octalAt(header, 59, 6);
      if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) throw malformed(WHAT, 'a name in it is too long');
      const name = (await reader.take(nameBytes)).toString('utf8', 0, nameBytes - 1);
      if (name === TRAILER) break;
      const sizeBytes = octalAt(header, 65, 11);
      const content = new Content(reader, sizeBytes);
      const path = name.replace(/^\.(\/|$)/, '');
      yield { path, mode: octalAt(header, 18, 6), sizeBytes, content: () => content.pieces() };
      await content.skip();
    }
    await reader.expectPadding();
  } finally {
    await reader.close();
  }
}

function octalAt(header: string, at: number, digits: number): number {
  const text = header.slice(at, at + digits);
  if (!/^[0-7]+$/.test(text)) throw malformed(WHAT, 'a number in it has no digits');
  return Number.parseInt(text, 8);
}

class Content {
  readonly #reader: ByteReader;
  #leftBytes: number;

  constructor(reader: ByteReader, sizeBytes: number) {
    this.#reader = reader;
    this.#leftBytes = sizeBytes;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    while (this.#leftBytes > 0) {
      const piece = await this.#reader.some(this.#leftBytes);
      this.#leftBytes -= piece.length;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this.pieces());
  }
}

class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What there is, at least one byte and at most so many. */
  async some(maxBytes: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#source.next();
      if (done) throw malformed(WHAT, 'it ends in the middle');
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; left -= parts.at(-1)?.length ?? 0) parts.push(await this.some(left));
    return Buffer.concat(parts);
  }

  async expectPadding(): Promise<void> {
    let sizeBytes = 0;
    for (let rest: Buffer | undefined = this.#rest; rest; rest = await this.#next()) {
      sizeBytes += rest.length;
      if (sizeBytes > MAX_PADDING_BYTES || rest.some((byte) => byte !== 0))
        throw malformed(WHAT, 'something follows its end');
    }
  }

  async #next(): Promise<Buffer | undefined> {
    const { value, done } = await this.#source.next();
    return done ? undefined : value;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
