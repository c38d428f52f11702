import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { filePart } from '../http/file-part.ts';
import { BASE64_INPUT_CHUNK_BYTES, Base64Encoder, base64Length } from './base64-body.ts';
import { HoldEnd } from './hold-end.ts';

const CHUNKS_AHEAD = 3;

export interface UploadSource {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  /** Until it resolves the last byte of the file is held back. */
  readonly released: Promise<void> | undefined;
  /** Called with the number of bytes of the file that have left this process. */
  readonly onProgress: ((sentBytes: number) => void) | undefined;
  /** Makes the error of a file that is not what was announced. @param reason - a sentence */
  readonly unusable: (reason: string, cause?: unknown) => Error;
}

/** A file as one base64 text, and how much of it has left: what only waits in this process has not. */
export class UploadBody {
  readonly text: Readable;
  /** Settles, never rejects, when nothing reads the file any more. */
  readonly fed: Promise<void>;
  readonly #source: UploadSource;
  #encodedBytes = 0;
  #isWhole = false;

  constructor(source: UploadSource) {
    this.#source = source;
    const encoder = new Base64Encoder((bytes) => {
      this.#encodedBytes += base64Length(bytes);
    });
    this.text = encoder;
    this.fed = feed(source, encoder).catch(() => {});
  }

  /** All of the text has left. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** To be called whenever the connection has nothing left to write. */
  readonly flushed = (): void => {
    const { sizeBytes, onProgress } = this.#source;
    const sentBytes = this.#encodedBytes - this.text.readableLength;
    this.#isWhole = sentBytes === base64Length(sizeBytes);
    onProgress?.(Math.min(sizeBytes, Math.floor((sentBytes * 3) / 4)));
  };
}

function feed({ file, sizeBytes, released, unusable }: UploadSource, text: Base64Encoder): Promise<void> {
  const part = filePart({ file, offset: 0, sizeBytes, chunkBytes: BASE64_INPUT_CHUNK_BYTES, unusable });
  const chunks = readAhead(part, CHUNKS_AHEAD);
  return released ? pipeline(chunks, new HoldEnd(sizeBytes, released), text) : pipeline(chunks, text);
}
