/** Times of the hub link, in milliseconds. Overridden by configuration. */
export const hubLimits = {
  /** The hub accepts one handshake at a time: a stuck neighbour may hold the door for a while. */
  connectTimeout: 15_000,
  /** The hub acknowledges nothing: no refusal for this long after the hello means that we are in. */
  greetingGrace: 1_000,
  /** Keeps proxies from calling the link idle. */
  heartbeatInterval: 30_000,
  /** Three heartbeats without any frame: the link is dead. */
  silenceTimeout: 90_000,
  /** Online this long, the back-off starts from the beginning again. */
  healthyAfter: 30_000,
  /** 1 s after the first failure, doubling to 60 s; the port adds jitter. */
  backoff: ({ context }: { context: { failures: number } }) =>
    Math.min(1_000 * 2 ** Math.max(0, context.failures - 1), 60_000),
  /** A wrong secret does not mend itself: slow and loud. */
  refusedRetry: 300_000,
  /** Asking the hub whether it still waits for results that it may not have heard. */
  reconcileTimeout: 30_000,
  reconcilePause: 2_000,
  /** At shutdown: how long the last results may take to be confirmed. */
  flushTimeout: 10_000,
  closeTimeout: 3_000,
} as const;

/** Notes kept while the hub is away; conclusions are not counted and never dropped. */
export const MAX_HELD_NOTES = 1_000;
