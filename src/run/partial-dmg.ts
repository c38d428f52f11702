import type { Segment } from '../adapters/guest/assemble.ts';
import type { TreeEntry } from '../files/disk/tree.ts';
import type { DmgWriter } from '../files/dmg/write.ts';

/** A disk image that holds the contents already that signing does not change. */
export interface PartialDmg {
  readonly writer: DmgWriter;
  /** How the guest gets the same bytes, from that which it has. */
  readonly segments: readonly Segment[];
  /** By path relative to the bundle, as they were then. */
  readonly packed: ReadonlyMap<string, TreeEntry>;
  /** Of the same files: see `TreeWatch.onIdentity`. */
  readonly identities: ReadonlyMap<string, string>;
}
