/** Cuts a stream of chunks into the pieces that a reader of records asks for, without collecting it. */
export class ByteReader {
  private chunk: Buffer = Buffer.alloc(0);
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to `maxBytes` bytes, at least one; undefined at the end. */
  async some(maxBytes: number): Promise<Buffer | undefined> {
    while (this.chunk.length === 0) {
      const step = await this.chunks.next();
      if (step.done) return undefined;
      this.chunk = step.value;
    }
    const piece = this.chunk.subarray(0, maxBytes);
    this.chunk = this.chunk.subarray(piece.length);
    return piece;
  }

  /** Exactly `bytes` bytes (few: they are held in memory), fewer only when the stream ends before. */
  async exactly(bytes: number): Promise<Buffer> {
    const first = (await this.some(bytes)) ?? Buffer.alloc(0);
    if (first.length === bytes) return first;
    const pieces = [first];
    for (let missing = bytes - first.length; missing > 0; ) {
      const piece = await this.some(missing);
      if (!piece) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
