/** An item of an archive that has been written, or is being written. */
export interface WrittenItem {
  /** Below the folder of the archive. */
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
  /** What it has when it is whole. */
  readonly sizeBytes: number;
  /** How much of it is on the disk. */
  writtenBytes: number;
  /** Of a file that is whole: see `TreeWatch.onIdentity`. */
  identity?: string;
}

/** Told what an archive is unpacked into, in the order in which it is written; links come last and are not told. */
export interface WriteWatch {
  /** @param content - all of a small file */
  onItem(item: WrittenItem, content?: readonly Buffer[]): void;
  /** There is more of an item that was told, or all of it. */
  onGrown(): void;
}
