import { type CodeDirectory, codeSlot } from '../../formats/code-signature/code-directory.ts';
import { digestOf, RunningDigest } from '../../formats/code-signature/hash-kind.ts';
import { type Problem, problem } from '../../formats/code-signature/problem.ts';
import type { SignedFile } from './signed-file.ts';

/**
 * Hashes the code of one slice (or disk image) page by page, in one pass for all CodeDirectories, and compares.
 *
 * @param start - where the slice begins in the file; code limits count from there
 */
export async function pageProblems(
  file: SignedFile,
  start: number,
  directories: readonly CodeDirectory[],
  signal: AbortSignal,
): Promise<Problem[]> {
  const checkers = directories.map((directory) => new PageChecker(directory));
  const end = Math.max(0, ...directories.map(({ codeLimit }) => codeLimit));
  for await (const chunk of file.chunks(start, Math.min(end, file.sizeBytes - start), signal))
    for (const checker of checkers) checker.update(chunk);
  return checkers.flatMap((checker) => checker.finish());
}

class PageChecker {
  readonly #directory: CodeDirectory;
  readonly #pageBytes: number;
  readonly #changed: number[] = [];
  #page = 0;
  #pageFill = 0;
  #left: number;
  #running: RunningDigest | undefined;

  constructor(directory: CodeDirectory) {
    this.#directory = directory;
    this.#pageBytes = directory.pageSizeBytes === 0 ? directory.codeLimit : directory.pageSizeBytes;
    this.#left = directory.codeLimit;
  }

  update(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#left > 0; ) {
      const length = Math.min(chunk.length - at, this.#pageBytes - this.#pageFill, this.#left);
      this.#feed(chunk.subarray(at, at + length));
      at += length;
    }
  }

  #feed(part: Buffer): void {
    const { hash } = this.#directory;
    this.#left -= part.length;
    this.#pageFill += part.length;
    const ends = this.#pageFill === this.#pageBytes || this.#left === 0;
    // most pages lie whole in one chunk, and hashing them in one call is twice as fast
    if (ends && !this.#running) this.#compare(digestOf(hash, part));
    else this.#feedRunning(part, ends);
  }

  #feedRunning(part: Buffer, ends: boolean): void {
    this.#running ??= new RunningDigest(this.#directory.hash);
    this.#running.update(part);
    if (ends) this.#compare(this.#running.finish());
  }

  #compare(digest: Buffer): void {
    if (!digest.equals(codeSlot(this.#directory, this.#page))) this.#changed.push(this.#page);
    this.#page += 1;
    this.#pageFill = 0;
    this.#running = undefined;
  }

  finish(): Problem[] {
    const { hash, codeSlotCount } = this.#directory;
    if (this.#left > 0)
      return [
        problem('CODE_CHANGED', `The code ends ${this.#left} bytes before the end of what was signed.`),
      ];
    const [first] = this.#changed;
    if (first === undefined) return [];
    const count = this.#changed.length;
    const places = `page ${first}${count > 1 ? ` and ${count - 1} more` : ''} of ${codeSlotCount}`;
    return [problem('CODE_CHANGED', `The code was changed after it was signed (${hash.name}, ${places}).`)];
  }
}
