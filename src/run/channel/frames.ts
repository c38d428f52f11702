/** Big-endian length of the message that follows. */
const HEADER_BYTES = 4;

/** One message as it travels: its length, then JSON in UTF-8. */
export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/** What the other side sends is no sequence of frames. */
export class BadFrame extends Error {}

/**
 * Puts messages together from pieces of any size. Memory is bounded by the largest message that is allowed, however
 * small the pieces are.
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #onMessage: (message: unknown) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #body: Buffer | undefined;
  #filledBytes = 0;

  /** @param maxBytes - of one message */
  constructor(maxBytes: number, onMessage: (message: unknown) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** @throws BadFrame when a message is too long or is no JSON; nothing can be read after it */
  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      const target = this.#body ?? this.#header;
      const count = rest.copy(target, this.#filledBytes);
      rest = rest.subarray(count);
      this.#filledBytes += count;
      if (this.#filledBytes === target.length) this.#complete();
    }
  }

  #complete(): void {
    const body = this.#body;
    this.#filledBytes = 0;
    this.#body = undefined;
    if (body) this.#onMessage(parsed(body));
    else this.#body = this.#newBody(this.#header.readUInt32BE());
  }

  #newBody(sizeBytes: number): Buffer {
    if (sizeBytes > 0 && sizeBytes <= this.#maxBytes) return Buffer.alloc(sizeBytes);
    throw new BadFrame(`a message of ${sizeBytes} bytes`);
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new BadFrame('a message that is no JSON');
  }
}
