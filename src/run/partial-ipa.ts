import type { IpaWriter } from '../files/archive/write-ipa.ts';
import type { DigestedFile } from '../files/disk/digested-file.ts';
import type { TreeEntry } from '../files/disk/tree.ts';

/** An .ipa of which some items are written already: those that signing does not change. */
export interface PartialIpa {
  readonly file: DigestedFile;
  readonly writer: IpaWriter;
  /** By path relative to the bundle, as they were then. */
  readonly packed: ReadonlyMap<string, TreeEntry>;
  /** Of the files among them, by the same path: see `TreeWatch.onIdentity`. */
  readonly identities: ReadonlyMap<string, string>;
}
