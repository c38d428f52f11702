/** As many as the longest mark of a format has. */
const FIRST_BYTES = 4;

export interface Peeked {
  readonly firstBytes: Buffer;
  /** The whole source again, its first bytes included. */
  readonly stream: AsyncGenerator<Buffer, void>;
}

/** Reads as many chunks as it takes to have the first bytes: four, or all there are. */
export async function peek(source: AsyncGenerator<Buffer, void>): Promise<Peeked> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < FIRST_BYTES) {
    const step = await source.next();
    if (step.done) break;
    head = Buffer.concat([head, step.value]);
  }
  return { firstBytes: Buffer.from(head.subarray(0, FIRST_BYTES)), stream: putBack(head, source) };
}

async function* putBack(head: Buffer, source: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  try {
    if (head.length > 0) yield head;
    yield* source;
  } finally {
    await source.return();
  }
}
