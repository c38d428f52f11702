import type { Segment } from '../../adapters/guest/assemble.ts';
import type { DmgPart } from '../../files/dmg/write.ts';

/**
 * How the guest gets a disk image without being sent the bundle a second time: from the files of the bundle that it
 * has, and from one file with everything that is in none of them.
 */
export class ImageRecipe {
  readonly segments: Segment[] = [];
  #literalBytes: number;
  readonly #literalsPath: string;
  /** The folder in the guest that the bundle lies in. */
  readonly #remoteDir: string;

  /** @param skippedBytes - of the file with the literals, before those of this recipe */
  constructor(remoteDir: string, literalsPath: string, skippedBytes = 0) {
    this.#remoteDir = remoteDir;
    this.#literalsPath = literalsPath;
    this.#literalBytes = skippedBytes;
  }

  /** Of the file with the literals, up to the end of those of this recipe. */
  get literalBytes(): number {
    return this.#literalBytes;
  }

  /** Notes every part, and passes on what the guest has to be sent. */
  async *literals(parts: AsyncIterable<DmgPart>): AsyncGenerator<Buffer> {
    for await (const { bytes, copyOf } of parts) {
      if (copyOf) this.#copy(`${this.#remoteDir}/${copyOf.path}`, copyOf.fromByte, bytes.length);
      else {
        this.#add({ remotePath: this.#literalsPath, fromByte: this.#literalBytes, sizeBytes: bytes.length });
        this.#literalBytes += bytes.length;
        yield bytes;
      }
    }
  }

  #copy(remotePath: string, fromByte: number, sizeBytes: number): void {
    this.#add({ remotePath, fromByte, sizeBytes });
  }

  /** What goes on where the last segment ended makes it longer. */
  #add(segment: Segment): void {
    const last = this.segments.at(-1);
    const goesOn =
      last?.remotePath === segment.remotePath && last.fromByte + last.sizeBytes === segment.fromByte;
    if (goesOn) this.segments.pop();
    this.segments.push(
      goesOn
        ? { ...segment, fromByte: last.fromByte, sizeBytes: last.sizeBytes + segment.sizeBytes }
        : segment,
    );
  }
}
