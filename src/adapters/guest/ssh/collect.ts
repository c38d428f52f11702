/** Many small pieces are put together: each costs a hundred bytes, and keeps the packet alive that it came in. */
const MAX_PIECES = 1024;

/** The first bytes of a stream; what comes after the limit is let go. */
export class Head {
  readonly #limitBytes: number;
  readonly #folded: Buffer[] = [];
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  add(chunk: Buffer): void {
    const kept = chunk.subarray(0, this.#limitBytes - this.#sizeBytes);
    if (kept.length === 0) return;
    this.#chunks.push(kept);
    this.#sizeBytes += kept.length;
    if (this.#chunks.length >= MAX_PIECES) this.#fold();
  }

  #fold(): void {
    this.#folded.push(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }

  toString(): string {
    return Buffer.concat([...this.#folded, ...this.#chunks]).toString('utf8');
  }
}

/** The last bytes of a stream. */
export class Tail {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    // Folding only at twice the limit keeps the cost of a flood linear.
    if (this.#sizeBytes > 2 * this.#limitBytes || this.#chunks.length > MAX_PIECES) this.#fold();
  }

  #fold(): void {
    const kept = Buffer.from(Buffer.concat(this.#chunks).subarray(-this.#limitBytes));
    this.#chunks = [kept];
    this.#sizeBytes = kept.length;
  }

  toString(): string {
    this.#fold();
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

const MAX_LINE_CHARACTERS = 16 * 1024;

/**
 * Cuts a byte stream into lines of text; a line longer than 16 Ki characters comes in pieces. Each character is looked
 * at once, however small the chunks are.
 */
export function lineSplitter(onLine: (line: string) => void): { add(chunk: Buffer): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = '';
  const take = (text: string): void => {
    const [first = '', ...lines] = text.split('\n');
    rest += first;
    for (const line of lines) {
      flush();
      rest = line;
    }
    if (rest.length > MAX_LINE_CHARACTERS) rest = inPieces(rest);
  };
  const flush = (): void => onLine(inPieces(rest).replace(/\r$/, ''));
  const inPieces = (line: string): string => {
    let at = 0;
    for (; line.length - at > MAX_LINE_CHARACTERS; at += MAX_LINE_CHARACTERS)
      onLine(line.slice(at, at + MAX_LINE_CHARACTERS));
    return line.slice(at);
  };
  return {
    add: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode());
      if (rest !== '') onLine(inPieces(rest));
    },
  };
}
