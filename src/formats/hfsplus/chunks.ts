import type { VolumePiece, VolumePlan } from './plan.ts';

/** The part of a piece that lies in one chunk of the volume. */
export interface ChunkPart {
  readonly piece: VolumePiece;
  /** Where in the piece it begins. */
  readonly from: number;
  /** Where in the chunk it goes. */
  readonly at: number;
  readonly sizeBytes: number;
}

export interface ChunkPlan {
  readonly sizeBytes: number;
  readonly parts: readonly ChunkPart[];
}

/** Cuts a volume into chunks of equal size (the last one may be shorter), with what goes into each. */
export function* cutIntoChunks(
  { pieces, totalBytes }: VolumePlan,
  chunkBytes: number,
  fromByte = 0,
): Generator<ChunkPlan> {
  let first = pieces.findIndex((piece) => piece.offset + piece.sizeBytes > fromByte);
  for (let start = fromByte; start < totalBytes; start += chunkBytes) {
    const end = Math.min(start + chunkBytes, totalBytes);
    const parts: ChunkPart[] = [];
    for (let index = first; index < pieces.length; index++) {
      const piece = pieces[index] as VolumePiece;
      if (piece.offset >= end) break;
      parts.push(partWithin(piece, start, end));
      if (piece.offset + piece.sizeBytes <= end) first = index + 1;
    }
    yield { sizeBytes: end - start, parts };
  }
}

function partWithin(piece: VolumePiece, start: number, end: number): ChunkPart {
  const begins = Math.max(piece.offset, start);
  const sizeBytes = Math.min(piece.offset + piece.sizeBytes, end) - begins;
  return { piece, from: begins - piece.offset, at: begins - start, sizeBytes };
}
