/** Times of the question that all who watch a cluster share, in milliseconds. Overridden by configuration. */
export const clusterLookLimits = {
  /** The controller has no limit of its own to what it is asked, and answers with all machines each time. */
  lookPause: 1_000,
  /** More than the question's own deadline, which says more. */
  answerTimeout: 12_000,
} as const;
