/** Deadlines and pauses of one file, in milliseconds. */
export const loneFileLimits = {
  /** A copy, a digest, and a look at every seal: 4 GB on a slow disk. */
  openTimeout: 900_000,
  /** Between two looks at the memory of the process. */
  measurePause: 5_000,
  measureTimeout: 5_000,
  /** One file of some hundred bytes on this host. */
  journalTimeout: 10_000,
  /** One line on this host's disk. */
  recordTimeout: 60_000,
  /** The deadlines of notarization end sooner, but for one that says nothing at all. */
  notarizationTimeout: 25 * 3_600_000,
  /** One look-up. */
  ticketTimeout: 90_000,
  /** A ticket is public moments after Apple has accepted a file. */
  ticketPause: ({ context }: { context: { attempts: number } }) => 3_000 * context.attempts,
  stapleTimeout: 300_000,
  /** The deadlines of store-upload end sooner, but for a line that is slow in every attempt. */
  publishingTimeout: 3 * 3_600_000,
  /** Those of testflight as well. */
  distributionTimeout: 3 * 3_600_000,
  /** A copy of the file. */
  placeTimeout: 600_000,
  closeTimeout: 60_000,
} as const;

/** Look-ups of the ticket of a file that was notarized elsewhere; more would only hide that it was not. */
export const TICKET_ATTEMPTS = 3;
