type Count<K extends string> = { context: Readonly<Record<K, number>> };

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
  backoff: ({ context }: Count<'failures'>) =>
    Math.min(1_000 * 2 ** Math.max(0, context.failures - 1), 60_000),
  /** Slow, because a person must act; still, a secret that was corrected is noticed within a minute. */
  refusedRetry: 50_000,
  /** Asking the hub whether it still waits for results that it may not have heard. */
  reconcileTimeout: 30_000,
  reconcilePause: 2_000,
  /** At shutdown: how long the last results may take to be confirmed. */
  flushTimeout: 10_000,
  closeTimeout: 3_000,
  /** The end of a connection follows at once, behind what had come in and must be written to the disk first. */
  hangUpTimeout: 5_000,
  /** Without a job for this long the hub is asked whether jobs wait; twice as long after each hello in vain. */
  queueCheckPause: ({ context }: Count<'renewals'>) => Math.min(60_000 * 2 ** context.renewals, 3_600_000),
  /** The hub answers this one from memory. */
  queueCheckTimeout: 15_000,
  /** A job that waits may be on its way to us or to another worker: it is looked at twice. */
  suspicionTime: 20_000,
  /** A hub that does not say whether jobs wait is greeted anew after this long; twice as long after each in vain. */
  starvationTimeout: ({ context }: Count<'renewals'>) =>
    Math.min(600_000 * 2 ** context.renewals, 4 * 3_600_000),
  /** The hub is not greeted for another number of slots sooner than this; twice as long after each such hello. */
  offerPause: ({ context }: Count<'reoffers'>) => Math.min(120_000 * 2 ** context.reoffers, 1_800_000),
  /** A number that held for so long lets that pause start anew. */
  offerCalm: 3_600_000,
  /** More slots, or none at all, are worth that the hub takes back the job that it assigned last. */
  offerPatience: 300_000,
} as const;

/** Notes kept while the hub is away; conclusions are not counted and never dropped. */
export const MAX_HELD_NOTES = 1_000;
