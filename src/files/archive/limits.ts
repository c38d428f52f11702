const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

/** What one bundle may ask of this host; everything above is refused with BUNDLE_TOO_LARGE. */
export interface UnpackLimits {
  /** The archive as it arrives, before it is unpacked. */
  readonly maxArchiveBytes: number;
  /** All that comes out of it; for a tar this includes its headers and padding. */
  readonly maxUnpackedBytes: number;
  /** Files, folders (also those that are only implied by a path) and links. */
  readonly maxEntries: number;
  /** In a tar; some tools write three for each entry: its name, its link, its attributes. */
  readonly maxExtendedHeaders: number;
  /** Of all extended headers together: they are taken apart, which costs more than copying. */
  readonly maxExtendedHeaderBytes: number;
  /** Of all paths and link targets together: they are kept in memory until the end. */
  readonly maxTotalPathBytes: number;
  /** Unpacked bytes for each byte of archive, once more than `ratioFloorBytes` have come out. */
  readonly maxRatio: number;
  readonly ratioFloorBytes: number;
  /** Below macOS' PATH_MAX of 1024, so that the folder that the bundle is put into fits as well. */
  readonly maxPathBytes: number;
  /** What APFS and ext4 take as one name. */
  readonly maxNameBytes: number;
  readonly maxDepth: number;
}

export const defaultUnpackLimits: UnpackLimits = {
  maxArchiveBytes: 4 * GiB,
  maxUnpackedBytes: 4 * GiB,
  maxEntries: 200_000,
  maxExtendedHeaders: 600_000,
  maxExtendedHeaderBytes: 256 * MiB,
  maxTotalPathBytes: 32 * MiB,
  maxRatio: 200,
  ratioFloorBytes: 64 * MiB,
  maxPathBytes: 900,
  maxNameBytes: 255,
  maxDepth: 64,
};
