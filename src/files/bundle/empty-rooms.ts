import { open } from 'node:fs/promises';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { plainPath } from './plain-file.ts';

/** A signature of no parts (`CS_SuperBlob` of Apple's <kern/cs_blobs.h>): magic number, length, count. */
const NO_PARTS = Buffer.from('fade0cc00000000c00000000', 'hex');

/**
 * Marks the room that a linker reserved for a signature, and left empty, as a signature of no parts. codesign takes such
 * room for what it is; rcodesign 0.29.0 ends with "bad header magic in embedded signature super blob". Signing puts
 * another in its place.
 */
export async function fillEmptyRooms(
  appPath: string,
  { machOs }: Pick<BundleFacts, 'machOs'>,
): Promise<void> {
  for (const { path, emptyRooms = [] } of machOs) {
    if (emptyRooms.length === 0) continue;
    const file = await open(await plainPath(appPath, path), 'r+');
    try {
      for (const offset of emptyRooms) await file.write(NO_PARTS, 0, NO_PARTS.length, offset);
    } finally {
      await file.close();
    }
  }
}
