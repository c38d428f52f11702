import type { Segment } from '../adapters/guest/assemble.ts';
import type { DmgWriter } from '../files/dmg/write.ts';
import type { PackedResources } from './packed-resources.ts';

/**
 * A disk image that holds contents already which stay as they are: all but code and seals while the guest signs, and
 * everything when it is made anew for the sake of a ticket.
 */
export interface PartialDmg extends PackedResources {
  readonly writer: DmgWriter;
  /** In which turn each file was packed, by path relative to the bundle. */
  readonly turns: ReadonlyMap<string, number>;
  /** Counts the turns. */
  readonly nextTurn: number;
  /** How the guest gets the same bytes, from that which it has. */
  readonly segments: readonly Segment[];
}
