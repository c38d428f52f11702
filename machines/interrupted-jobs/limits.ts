/** Times of the answers to interrupted jobs, in milliseconds. Overridden by configuration. */
export const interruptedJobsLimits = {
  /** The hub hands a job that it took back out again at the hello, ahead of all others: it comes at once or not at all. */
  handOutTime: 5_000,
  /** Connect, greet, say a few frames, hear that they arrived. */
  answerTimeout: 30_000,
  answerPause: 10_000,
  /** Connect, ask about one job, hear the first answer. */
  watchTimeout: 30_000,
  standingTimeout: 15_000,
  /** Our own dead link is counted as another worker until the hub notices; its sender should not wait for the silence. */
  standingPause: 30_000,
  /** Workers say the stage of a running job every half minute; one that waits for Apple may be silent for longer. */
  silenceTime: 600_000,
} as const;
