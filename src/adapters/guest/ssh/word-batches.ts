import { MAX_SHELL_LINE_BYTES } from './quote.ts';

/** A quote in a word becomes four characters. */
const QUOTING_FACTOR = 4;

/** Cuts a list of words into parts that fit into one shell line each, in their order. */
export function* wordBatches(words: readonly string[], maxWords: number): Generator<readonly string[]> {
  let batch: string[] = [];
  let sizeBytes = 0;
  for (const word of words) {
    const wordBytes = Buffer.byteLength(word) + 16;
    if (batch.length === maxWords || sizeBytes + wordBytes > MAX_SHELL_LINE_BYTES / QUOTING_FACTOR) {
      if (batch.length > 0) yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(word);
    sizeBytes += wordBytes;
  }
  if (batch.length > 0) yield batch;
}
