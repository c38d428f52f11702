/** Work in pieces: wherever it yields, others have their turn, and it can be given up. */
export type Pieces<T> = Generator<void, T, void>;

/** @throws what the work throws · the signal's reason, after the piece that was under way */
export async function inTurns<T>(work: Pieces<T>, signal: AbortSignal): Promise<T> {
  for (let piece = work.next(); ; piece = work.next()) {
    if (piece.done) return piece.value;
    await nextTurn();
    signal.throwIfAborted();
  }
}

/** When everything else that waits has had its turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** For what is too small to hold anybody up. */
export function inOneGo<T>(work: Pieces<T>): T {
  for (let piece = work.next(); ; piece = work.next()) if (piece.done) return piece.value;
}
