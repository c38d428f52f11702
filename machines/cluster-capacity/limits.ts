/** Times of the look at what a cluster has room for, in milliseconds. Overridden by configuration. */
export const clusterCapacityLimits = {
  /** A host tells every fifteen seconds that it is alive. */
  lookPause: 15_000,
  /** Two questions, and their turn among others. */
  answerTimeout: 40_000,
  /** A controller that does not answer is asked less often: each failure is a line in the log. */
  retryPause: 30_000,
  /** Without an answer for this long the operator is told. */
  staleTimeout: 120_000,
  /** More room must have been seen three times: a host that comes and goes is none. */
  growTime: 40_000,
} as const;
