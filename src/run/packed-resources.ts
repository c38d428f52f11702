import type { TreeEntry } from '../files/disk/tree.ts';

/** What of a bundle is in an artifact already, while the rest is still being signed. */
export interface PackedResources {
  /** By path relative to the bundle, as they were then. */
  readonly packed: ReadonlyMap<string, TreeEntry>;
  /** Of the files among them, by the same path: see `TreeWatch.onIdentity`. */
  readonly identities: ReadonlyMap<string, string>;
}
