/** Deadlines of the daemon as a whole, in milliseconds. Overridden by configuration. */
export const supervisorLimits = {
  /** Destroying what an earlier life left; what resists is tried again while the daemon works. */
  sweepTimeout: 60_000,
  /** Running jobs may finish for this long after a drain was asked for. */
  drainTimeout: 3_600_000,
  /** Cancelled jobs must be cleaned up within this time. */
  stopTimeout: 120_000,
  closeTimeout: 15_000,
  /** A clone that could not be deleted is tried again. */
  leakSweepInterval: 300_000,
} as const;
