/** Deadlines of the build of one golden image, in milliseconds. */
export const imageBuildLimits = {
  /**
   * A few questions to Tart; machines to destroy that a killed build has left, half a minute each; the archive of rcodesign,
   * 12 MB over a slow line where it is not in the cache yet.
   */
  surveyTimeout: 600_000,
  /** Some 25 GB over a line of 5 Mbit/s. */
  pullTimeout: 43_200_000,
  /** Tart tries again five times by itself when the registry does not answer. */
  pullSilence: 900_000,
  /** Some small commands. */
  inspectTimeout: 60_000,
  /** 12 MB into the guest, and some small commands. */
  rcodesignTimeout: 180_000,
  /** Some ten small commands; `softwareupdate` takes its time. */
  powerTimeout: 180_000,
  /** 3 GB into the guest and 12 GB unpacked, which takes a quarter of an hour on a quick host. */
  xcodeTimeout: 7_200_000,
  keyTimeout: 60_000,
  sshTimeout: 120_000,
  /** Some small commands in the clone. */
  examineTimeout: 120_000,
  /** A folder is renamed, and with it perhaps an older image is deleted. */
  nameTimeout: 120_000,
  discardTimeout: 120_000,
} as const;
