/** What both kinds of archive are read into; nothing in it has been judged yet, except its kind. */
export interface ArchiveEntry {
  /** As the archive spells it. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Any of the three executable bits is set. */
  readonly executable: boolean;
  /** Bytes of a file, as declared; `content` delivers exactly as many. */
  readonly sizeBytes: number;
  /** Of a symbolic link. */
  readonly linkTarget?: string;
  /** Name of the earlier file of which this one is a further name; it has no content of its own. */
  readonly hardLinkTo?: string;
  /** To be read before the next entry is asked for. */
  content(): AsyncGenerator<Buffer, void>;
}

export type EntryKind = 'file' | 'directory' | 'symlink';
