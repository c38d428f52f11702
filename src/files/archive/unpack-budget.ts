import type { UnpackLimits } from './limits.ts';
import { refuseHeaders, refuseSize } from './refusals.ts';

/** Counts what an archive has cost so far, and refuses the first byte or entry that is too much. */
export class UnpackBudget {
  archiveBytes = 0;
  private unpackedBytes = 0;
  private entries = 0;
  private pathBytes = 0;
  private extendedHeaders = 0;
  private extendedHeaderBytes = 0;
  private readonly limits: UnpackLimits;

  constructor(limits: UnpackLimits) {
    this.limits = limits;
  }

  spendArchiveBytes(bytes: number): void {
    this.archiveBytes += bytes;
    const { maxArchiveBytes } = this.limits;
    if (this.archiveBytes > maxArchiveBytes)
      throw refuseSize(`Its archive has more than ${maxArchiveBytes} bytes.`);
  }

  /** To be told as soon as a size is known: of a stream, when its bytes come out; of a zip, from its directory. */
  spendUnpackedBytes(bytes: number): void {
    this.assertRoomFor(bytes);
    this.unpackedBytes += bytes;
    const { maxRatio, ratioFloorBytes } = this.limits;
    if (this.unpackedBytes > Math.max(ratioFloorBytes, this.archiveBytes * maxRatio)) {
      throw refuseSize(`It unpacks to more than ${maxRatio} times the size of its archive.`);
    }
  }

  /** Asked before a declared size is worked on, so that a file that is too large is not begun. */
  assertRoomFor(bytes: number): void {
    const { maxUnpackedBytes } = this.limits;
    if (this.unpackedBytes + bytes > maxUnpackedBytes) {
      throw refuseSize(`It unpacks to more than ${maxUnpackedBytes} bytes.`);
    }
  }

  spendEntries(count: number): void {
    this.entries += count;
    const { maxEntries } = this.limits;
    if (this.entries > maxEntries)
      throw refuseSize(`It has more than ${maxEntries} files, folders and links.`);
  }

  /** They are no part of the app: whoever made it with few files need not read of too many. */
  spendExtendedHeader(bytes: number): void {
    this.extendedHeaders += 1;
    this.extendedHeaderBytes += bytes;
    const { maxExtendedHeaders, maxExtendedHeaderBytes } = this.limits;
    if (this.extendedHeaders > maxExtendedHeaders)
      throw refuseHeaders(`It has more than ${maxExtendedHeaders} extended headers.`);
    if (this.extendedHeaderBytes > maxExtendedHeaderBytes)
      throw refuseHeaders(`Its extended headers have more than ${maxExtendedHeaderBytes} bytes.`);
  }

  spendPathBytes(bytes: number): void {
    this.pathBytes += bytes;
    const { maxTotalPathBytes } = this.limits;
    if (this.pathBytes > maxTotalPathBytes)
      throw refuseSize(`Its paths have more than ${maxTotalPathBytes} bytes.`);
  }
}
