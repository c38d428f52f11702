/** Deadlines of the build of one golden image for QEMU, in milliseconds. */
export const qemuImageBuildLimits = {
  /** Some small commands, and up to 1 GB to remove that a killed build has left. */
  surveyTimeout: 300_000,
  /** 12 MB over a slow line; where no release can be fetched, cargo builds it for a quarter of an hour. */
  rcodesignTimeout: 3_600_000,
  /** 60 MB over a line of 0.5 Mbit/s, three attempts for each file, and the set-up of a hundred packages. */
  installTimeout: 3_600_000,
  /** Half a gigabyte is written, changed and checked: seconds, on a slow disk minutes. */
  diskTimeout: 900_000,
  /** Half a gigabyte on one slow processor. */
  compressTimeout: 900_000,
  /** Some megabytes. */
  packTimeout: 120_000,
  /** Some 80 MB are read, and packages that are not needed any more are removed. */
  describeTimeout: 300_000,
  /** Some files are renamed; those of an older image are deleted. */
  placeTimeout: 120_000,
  /** A program is killed, and up to 1 GB in ten thousand files is removed. */
  clearTimeout: 300_000,
} as const;
