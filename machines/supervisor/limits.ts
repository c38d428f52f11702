/** Deadlines of the daemon as a whole, in milliseconds. Overridden by configuration. */
export const supervisorLimits = {
  /** Destroying what was left; longer than the port needs for machines that resist, which it names by then. */
  sweepTimeout: 60_000,
  /** After a host that could not say what is left on it: it may be able to at any moment. */
  sweepPause: 1_000,
  /** Running jobs may finish for this long after a drain was asked for. */
  drainTimeout: 3_600_000,
  /** Longer than any upgrade waits, which has the time of the longest drain; one that hangs holds nothing up for ever. */
  yieldTimeout: 90_000_000,
  /** Cancelled jobs must be cleaned up within this time. */
  stopTimeout: 120_000,
  /** The hub-connection has its own deadlines for the last results, the farewell and the end of the connection. */
  closeTimeout: 20_000,
  /** With nothing else left to do, how long the end waits for jobs of a killed process: to connect, to see what the hub hands out, to tell the rest. */
  interruptedTimeout: 60_000,
  /** With nothing else left to do, how long a hub that went away may hold up the end for jobs that it may not have taken back. */
  returnTimeout: 60_000,
  /** One question for each of those jobs. */
  probeTimeout: 30_000,
  /** A job that fails of an obstacle has it looked for at once; this is for idle times, and for its end. */
  lookPause: 15_000,
  /** Each question of it has a deadline of its own, which ends sooner; this one is for a look that says nothing at all. */
  lookTimeout: 30_000,
  /** A slot that the host refused stays out of service: what holds it is seldom gone in seconds. */
  quarantineTime: 600_000,
  /** A clone that could not be deleted is tried again: after 5 s, doubling to one minute. */
  leakSweepPause: ({ context }: { context: { leakSweeps: number } }) =>
    Math.min(5_000 * 2 ** context.leakSweeps, 60_000),
} as const;

/**
 * Jobs that wait for a slot. The hub hands out more than there are slots for when it has miscounted, but a worker that
 * keeps hundreds does nobody a favour: another one may be idle.
 */
export const MAX_WAITING_JOBS = 100;

/** After each hello the hub counts from nothing: then as many as there are slots may come beside those that run. */
export const mostWaiting = (slots: number): number => Math.max(MAX_WAITING_JOBS, slots);
