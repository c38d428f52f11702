/** Deadlines and pauses of one machine of a cluster, in milliseconds. Overridden by configuration. */
export const clusterMachineLimits = {
  /** A controller restarts in seconds, and its host in minutes. */
  creationTimeout: 300_000,
  /** The controller answers from its own data base, and has ten seconds for it; a request and a look may be one answer. */
  requestTimeout: 30_000,
  /** After a request of which nobody knows whether it was done. */
  requestPause: 2_000,
  /** Other users of the cluster may have all its Macs for as long as a build takes. */
  queueTimeout: 1_800_000,
  /**
   * A worker begins within seconds, after what it has to delete; one that died is given up by the controller after three
   * minutes, and one that is stuck never says anything.
   */
  takeTimeout: 300_000,
  /** Clones take seconds: one that takes longer is preceded by the pull of an image. */
  pullNotice: 60_000,
  /** An image of 60 GB at 200 Mbit/s; a worker that pulls looks like one that clones. */
  makeTimeout: 2_400_000,
  /** A worker tells news every five seconds. */
  lookPause: 2_000,
  /** More than the question's own deadline, which says more; one that is under way is waited for first. */
  answerTimeout: 25_000,
  /** A controller restarts in seconds, and its host in minutes; machines live on meanwhile. */
  silenceTimeout: 600_000,
  /** To remove a machine that its worker did not start. */
  removalTimeout: 60_000,
  /** A worker destroys what was removed in its next sync, and only then has room for another one. */
  anotherPause: 5_000,
  /** A controller that hung carries out what it was asked long after nobody waits for the answer. */
  lateTimeout: 30_000,
} as const;

/** So often another machine is asked for, after one that its worker did not bring to run. */
export const OTHER_MACHINES = 2;
