/** Times of the watched status, in milliseconds. */
export const statusWatchLimits = {
  /** More than the question's own deadline of 10 s, which says more. */
  answerTimeout: 15_000,
  /** Often enough to see a stage go by, and no load for the daemon. */
  watchPause: 2_000,
} as const;
