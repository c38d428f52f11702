/** How often the daemon looks at itself, in milliseconds. */
export const alarmWatchLimits = {
  /** Nobody gets up sooner for an alarm; and one look costs less than a millisecond. */
  lookPause: 10_000,
  /** A disk of the network that hangs: all else goes on. */
  lookTimeout: 20_000,
} as const;
