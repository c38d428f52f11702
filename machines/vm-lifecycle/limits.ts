/** Deadlines and pauses of one machine's life, in milliseconds. Overridden by configuration. */
export const vmLimits = {
  /** A copy-on-write clone takes seconds; a full copy of a 50 GB disk on a slow volume takes minutes. */
  cloneTimeout: 300_000,
  /** The machine's process starts in well under a second; a hypervisor that says nothing for a minute is stuck. */
  bootTimeout: 60_000,
  /** After the host had no slot for the machine: 1 s, then 2 s. */
  slotPause: ({ context }: { context: { refusals: number } }) => 500 * 2 ** context.refusals,
  /** Boot to address: 15 s on a good host, more than 45 s on a loaded one. */
  locateTimeout: 180_000,
  /** Between two questions for the address. */
  locatePause: 100,
  /** Address to a shell that answers; covers a guest whose sshd starts late. */
  connectTimeout: 90_000,
  /** A guest that boots answers in a moment; a controller that refuses the way there is asked after 250 ms doubling to 8 s. */
  connectPause: ({ context }: { context: { wayRefusals: number } }) =>
    125 * 2 ** Math.max(1, context.wayRefusals),
  /** Whoever carries the connection, e.g. the controller of a cluster, restarts in seconds. */
  returnTimeout: 120_000,
  /** A guest that stood by answers in milliseconds, or is not worth waiting for. */
  probeTimeout: 5_000,
  /** macOS gives programs that do not end up to a minute; a golden image that has just got Xcode writes much to disk. */
  shutDownTimeout: 180_000,
  /** Power-off by force included. */
  stopTimeout: 20_000,
  deleteTimeout: 30_000,
  deletePause: 2_000,
} as const;

/** Those that make the pause longer. */
export const MOST_WAY_REFUSALS = 6;

/** The controller of a cluster, by which the way leads, did not open it: the guest was not asked. */
export const isOfWay = (code: string): boolean => code.startsWith('CLUSTER_');

/** Attempts to delete a clone before it is called leaked. */
export const DELETE_ATTEMPTS = 3;

/** So often a machine waits for a slot before its host is called full: long enough for one that was just given up. */
export const SLOT_ATTEMPTS = 2;
