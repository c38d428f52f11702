import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';
import { readRange } from '../disk/read-range.ts';

/** One window for the directory and one for the entries, which are read in turns. */
const WINDOW_COUNT = 2;
const WINDOW_BYTES = 256 * 1024;

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * Random access for yauzl, which asks for a few dozen bytes at a time, over large reads: each read of a file is a
 * trip to another thread.
 */
export class ZipFileReader extends RandomAccessReader {
  private windows: Window[] = [];
  private readonly file: FileHandle;

  constructor(file: FileHandle) {
    super();
    this.file = file;
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.bytes(position, length).then(
      (bytes) => callback(null, bytes.copy(target, offset)),
      (error) => callback(error),
    );
  }

  /** Fewer than `length` bytes at the end of the file. What comes back may be shared: not to be changed. */
  async bytes(position: number, length: number): Promise<Buffer> {
    const known = this.windows.find(
      ({ start, bytes }) => start <= position && position + length <= start + bytes.length,
    );
    const { start, bytes } = known ?? (await this.load(position, length));
    return bytes.subarray(position - start, position - start + length);
  }

  private async load(position: number, length: number): Promise<Window> {
    const bytes = await readRange(this.file, position, Math.max(length, WINDOW_BYTES));
    const window = { start: position, bytes };
    if (length <= WINDOW_BYTES) this.windows = [window, ...this.windows].slice(0, WINDOW_COUNT);
    return window;
  }
}
