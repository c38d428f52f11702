/** How often the daemon looks at itself, in milliseconds. */
export const alarmWatchLimits = {
  /** Nobody gets up sooner for an alarm; and one look costs less than a millisecond. */
  lookPause: 10_000,
  /** Each question of it has a deadline of its own, which ends sooner; this one is for a look that says nothing at all. */
  lookTimeout: 20_000,
} as const;
