import { Bytes, isAllZero } from './bytes.ts';
import type { CodeDirectory } from './code-directory.ts';

/** Where __TEXT lies in its slice. */
export interface TextSegment {
  readonly offset: number;
  readonly sizeBytes: number;
}

const WHAT = 'CodeDirectory';
/** Bytes of the fixed fields, by the version that brought the last of them. */
const headerSizes: ReadonlyArray<readonly [number, number]> = [
  [0x20600, 108],
  [0x20500, 96],
  [0x20400, 88],
  [0x20300, 64],
  [0x20200, 52],
  [0x20100, 48],
];
const OLDEST_HEADER_BYTES = 44;
/**
 * Fields that are zero in all code that is not Apple's own: the platform, three that are spare or stand for encrypted
 * code and, of 0x20600, those of a linkage.
 */
const zeroFields: ReadonlyArray<readonly [string, number, number]> = [
  ['platform', 38, 1],
  ['spare', 40, 4],
  ['spare', 52, 4],
  ['encryption', 92, 4],
  ['linkage', 96, 12],
];
const TEAM_SINCE = 0x20200;
/** Of code: rcodesign 0.29.0 and Apple's codesign; a disk image is one page. */
const CODE_PAGE_SIZES = [0x1000, 0x4000];

/**
 * Looks whether a CodeDirectory holds what signing writes, and nothing else: the system reads fields of it that no
 * digest of code depends on.
 *
 * @param text - of the code; left out for a disk image, and for code that has no such segment
 * @returns what differs, in the form `its …`
 * @throws ShipError SIGNATURE_MALFORMED
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
 */
export function directoryFormFault(
  directory: CodeDirectory,
  text: TextSegment | undefined,
): string | undefined {
  const bytes = new Bytes(directory.blob, WHAT);
  const headerBytes = headerSizeOf(directory);
  const field = zeroFields.find(
    ([, at, length]) => at + length <= headerBytes && !isAllZero(bytes.range(at, length)),
  );
  if (field) return `its CodeDirectory sets the field of the ${field[0]}`;
  if (text && !CODE_PAGE_SIZES.includes(directory.pageSizeBytes))
    return `its pages have ${directory.pageSizeBytes} bytes`;
  if (text && !isSegmentOf(directory, text)) return 'its executable segment is another';
  return hasMore(bytes, directory, headerBytes) ? 'its CodeDirectory holds more than it names' : undefined;
}

const headerSizeOf = ({ version }: CodeDirectory): number =>
  headerSizes.find(([since]) => version >= since)?.[1] ?? OLDEST_HEADER_BYTES;

/** rcodesign counts the end of the segment from the start of the slice, codesign its size. */
function isSegmentOf({ executableSegment }: CodeDirectory, { offset, sizeBytes }: TextSegment): boolean {
  if (!executableSegment) return true;
  const { base, limit } = executableSegment;
  return base === offset && (limit === sizeBytes || limit === offset + sizeBytes);
}

/** Between the texts and the digests there is nothing but padding. */
function hasMore(bytes: Bytes, directory: CodeDirectory, headerBytes: number): boolean {
  const { version, hash, specialSlotCount, codeSlotCount } = directory;
  const team = version >= TEAM_SINCE ? bytes.u32(48) : 0;
  const texts = [bytes.u32(20), ...(team === 0 ? [] : [team])];
  const rest = Buffer.from(bytes.buffer);
  rest.fill(0, 0, headerBytes);
  for (const at of texts) rest.fill(0, at, rest.indexOf(0, at));
  const digestsAt = bytes.u32(16) - specialSlotCount * hash.sizeBytes;
  rest.fill(0, digestsAt, digestsAt + (specialSlotCount + codeSlotCount) * hash.sizeBytes);
  return !isAllZero(rest);
}
