/** Deadlines and pauses of one machine of a cluster, in milliseconds. Overridden by configuration. */
export const clusterMachineLimits = {
  /** Other users of the cluster may have all its Macs for as long as a build takes. */
  queueTimeout: 1_800_000,
  /** A worker clones in seconds, and pulls an image that it has not got for minutes; one that is stuck says nothing. */
  makeTimeout: 600_000,
  /** A worker tells news every five seconds. */
  lookPause: 2_000,
  /** More than the question's own deadline, which says more; one that is under way is waited for first. */
  answerTimeout: 25_000,
  /** A controller restarts in seconds, and its host in minutes; machines live on meanwhile. */
  silenceTimeout: 600_000,
} as const;
