import type { IpaWriter } from '../adapters/archive/write-ipa.ts';
import type { DigestedFile } from '../adapters/files/digested-file.ts';
import type { TreeEntry } from '../adapters/files/tree.ts';

/** An .ipa of which some items are written already: those that signing does not change. */
export interface IpaInTheMaking {
  readonly file: DigestedFile;
  readonly writer: IpaWriter;
  /** By path relative to the bundle, as they were then. */
  readonly packed: ReadonlyMap<string, TreeEntry>;
}
