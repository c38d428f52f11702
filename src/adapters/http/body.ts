/** The start of a body. */
export interface CappedBody {
  readonly bytes: Buffer;
  /** False when there was more; the rest has not been read. */
  readonly isWhole: boolean;
}

/** Reads a body to its end, or to a little more than `maxBytes`. @throws errors of the body */
export async function readCapped(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<CappedBody> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) return { bytes: Buffer.concat(pieces), isWhole: false };
  }
  return { bytes: Buffer.concat(pieces), isWhole: true };
}
