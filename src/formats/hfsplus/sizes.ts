/**
 * The few numbers that every part of the volume writer must agree on.
 *
 * @see https://developer.apple.com/library/archive/technotes/tn/tn1150.html (HFS Plus Volume Format)
 */
export const BLOCK_BYTES = 4096;
export const NODE_BYTES = 4096;
export const SECTOR_BYTES = 512;

export const ROOT_PARENT_ID = 1;
export const ROOT_FOLDER_ID = 2;
/** Ids below are reserved for the volume's own files. */
export const FIRST_USER_ID = 16;

/** HFS+ counts seconds from 1904-01-01 UTC. */
const EPOCH_OFFSET_S = 2_082_844_800;
const MAX_DATE = 0xffffffff;

export const hfsDate = (date: Date): number =>
  Math.min(Math.max(Math.floor(date.getTime() / 1000) + EPOCH_OFFSET_S, 0), MAX_DATE);

export const blocksFor = (sizeBytes: number): number => Math.ceil(sizeBytes / BLOCK_BYTES);
