import { createHash } from 'node:crypto';
import { nextInTurn } from '../disk/small-file.ts';
import type { BundleTree } from './bundle-tree.ts';
import { withSignedFile } from './signed-file.ts';

/** SHA-256 of the files of one tree; each file is read once, however many bundles seal it. */
export class FileDigests {
  readonly #tree: BundleTree;
  readonly #signal: AbortSignal;
  readonly #known: Map<string, Buffer>;

  constructor(tree: BundleTree, known: ReadonlyMap<string, Buffer>, signal: AbortSignal) {
    this.#tree = tree;
    this.#signal = signal;
    this.#known = new Map([...known].map(([path, digest]) => [path.normalize('NFC'), digest]));
  }

  async of(path: string): Promise<Buffer> {
    this.#signal.throwIfAborted();
    const known = this.#known.get(path);
    if (known) return known;
    const digest = await sha256(this.#tree.absolute(path), this.#signal);
    this.#known.set(path, digest);
    return digest;
  }
}

const sha256 = (path: string, signal: AbortSignal): Promise<Buffer> =>
  withSignedFile(path, async (file) => {
    const hash = createHash('sha256');
    for await (const chunk of file.chunks(0, file.sizeBytes, signal)) hash.update(chunk);
    return hash.digest();
  });

/**
 * Runs `work` for every item, at most `limit` at a time; the first error stops the rest from being started. Whatever else
 * waits in this process has its turn between them, also when all work is done at once.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const state = { failed: false };
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !state.failed; next = queue.next()) {
      await work(next.value).catch((error: unknown) => {
        state.failed = true;
        throw error;
      });
      await nextInTurn();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}
