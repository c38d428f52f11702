/** How often the whole account of signatures is read, in milliseconds. */
export const accountWatchLimits = {
  /** Its end is looked at whenever a line is added; what changes before that is no hurry, and a look costs some reading. */
  lookPause: 24 * 3_600_000,
  /** An alarm says that it cannot be read: that is over when it can be. */
  blindPause: 10 * 60_000,
  /** A gigabyte is read in less than a minute; a disk of the network may be slow. */
  lookTimeout: 30 * 60_000,
} as const;
