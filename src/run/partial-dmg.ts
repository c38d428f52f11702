import type { Segment } from '../adapters/guest/assemble.ts';
import type { DmgWriter } from '../files/dmg/write.ts';
import type { PackedResources } from './packed-resources.ts';

/** A disk image that holds the contents already that signing does not change. */
export interface PartialDmg extends PackedResources {
  readonly writer: DmgWriter;
  /** How the guest gets the same bytes, from that which it has. */
  readonly segments: readonly Segment[];
}
