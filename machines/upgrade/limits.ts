/** Deadlines of an upgrade, in milliseconds. */
export const upgradeLimits = {
  /** Some files, a question on the control socket, two to the service manager, which has 60 s for each. */
  surveyTimeout: 180_000,
  /** One document; npm tries three times by itself. */
  registryTimeout: 300_000,
  /** Some 100 MB over a slow line. */
  installTimeout: 1_800_000,
  /** Two starts of the new program, which reads settings and the state directory. */
  tryTimeout: 120_000,
  /** One question on the control socket. */
  requestTimeout: 30_000,
  /** As long as its jobs may take by the settings of the daemon, and then some. */
  drainTimeout: ({ context }: { context: { drainTimeoutMs: number } }) => context.drainTimeoutMs,
  /** Small files. */
  backUpTimeout: 120_000,
  /** Two renames. */
  swapTimeout: 60_000,
  /** A question to the service manager, and an order, which have 60 s each. */
  startTimeout: 180_000,
  /**
   * The new daemon sweeps what the old one left, finds its tools, boots nothing before it serves, and is greeted by the hub;
   * a service manager may wait a minute before it starts it.
   */
  proveTimeout: 300_000,
  stopTimeout: 180_000,
  /** No job runs, or it is cancelled: the supervisor has 140 s for what is left, and the service manager a minute more. */
  endTimeout: 240_000,
  /** Some ten thousand small files are removed. */
  clearTimeout: 300_000,
} as const;
