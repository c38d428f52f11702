export interface Peeked {
  readonly firstBytes: Buffer;
  /** The whole source again, its first bytes included. */
  readonly stream: AsyncGenerator<Buffer, void>;
}

/** Reads as many chunks as it takes to have the first two bytes. */
export async function peek(source: AsyncGenerator<Buffer, void>): Promise<Peeked> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const step = await source.next();
    if (step.done) break;
    head = Buffer.concat([head, step.value]);
  }
  return { firstBytes: Buffer.from(head.subarray(0, 4)), stream: putBack(head, source) };
}

async function* putBack(head: Buffer, source: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  try {
    if (head.length > 0) yield head;
    yield* source;
  } finally {
    await source.return();
  }
}
