import type { IpaWriter } from '../files/archive/write-ipa.ts';
import type { DigestedFile } from '../files/disk/digested-file.ts';
import type { PackedResources } from './packed-resources.ts';

/** An .ipa of which some items are written already: those that signing does not change. */
export interface PartialIpa extends PackedResources {
  readonly file: DigestedFile;
  readonly writer: IpaWriter;
}
