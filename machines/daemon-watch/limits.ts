/** Times of a watch over the daemon, in milliseconds. */
export const daemonWatchLimits = {
  /** A question on the control socket has 10 s, one to the service manager 60 s; both say more than this does. */
  lookTimeout: 75_000,
  /** Soon enough for whoever waits, and no load for the host. */
  lookPause: 500,
} as const;
