import type { FileHandle } from 'node:fs/promises';

/** `length` bytes at `position`; fewer only where the file ends. */
export const readRange = (file: FileHandle, position: number, length: number): Promise<Buffer> =>
  readInto(Buffer.allocUnsafeSlow(length), file, position);

/** As many bytes as there is room for, fewer only where the file ends; in memory that is there already. */
async function readInto(target: Buffer, file: FileHandle, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return target.subarray(0, filled);
}

/**
 * A whole file, piece by piece, for a reader that is done with each before it asks for the next: two buffers take
 * turns, one is filled while the other is looked at. A new one for each would wait for the garbage collector.
 */
export async function* passingPieces(file: FileHandle, pieceBytes: number): AsyncGenerator<Buffer, void> {
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  const filled = (turn: 0 | 1, position: number): Promise<Buffer> => {
    const piece = readInto(buffers[turn], file, position);
    piece.catch(() => {}); // seen when its turn has come
    return piece;
  };
  let next = filled(0, 0);
  try {
    for (let position = 0, turn: 0 | 1 = 1; ; turn = turn === 0 ? 1 : 0) {
      const piece = await next;
      if (piece.length === 0) return;
      position += piece.length;
      next = filled(turn, position);
      yield piece;
    }
  } finally {
    // nothing reads the file any more when this returns
    await next.catch(() => {});
  }
}
