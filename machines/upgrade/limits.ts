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
  /** As long as the daemon may take by its own settings, and then some. */
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
  /** A daemon that is told to shut down cancels its jobs; one that has the program of before drains. */
  endTimeout: ({ context }: { context: { isSwapped: boolean; drainTimeoutMs: number } }) =>
    context.isSwapped ? SHUTDOWN_MS : context.drainTimeoutMs,
  /** Some ten thousand small files are removed. */
  clearTimeout: 300_000,
} as const;

/** The supervisor has 140 s for what is left, and the service manager a minute more. */
const SHUTDOWN_MS = 240_000;
