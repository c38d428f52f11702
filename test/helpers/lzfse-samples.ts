import { seededRandom } from './soak-random.ts';

export interface SampleForm {
  readonly sizeBytes: number;
  /** How many values a byte has. */
  readonly alphabet: number;
  /** From 0 to 1: how often a stretch repeats what stands before. */
  readonly repeats: number;
}

/** Bytes that an encoder finds literals, matches and runs in; the same for the same form. */
export function sample({ sizeBytes, alphabet, repeats }: SampleForm): Buffer {
  const random = seededRandom(sizeBytes);
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; ) {
    if (at === 0 || random.next() >= repeats) {
      bytes[at++] = Math.floor(random.next() ** 2 * alphabet);
      continue;
    }
    const distance = random.between(1, at);
    for (let left = random.between(3, 400); left > 0 && at < sizeBytes; left--, at++)
      bytes[at] = bytes[at - distance] as number;
  }
  return bytes;
}
