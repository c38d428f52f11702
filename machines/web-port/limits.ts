/** Deadlines and pauses of one port, in milliseconds. */
export const webPortLimits = {
  /** The system says at once whether a port can be had. */
  openTimeout: 10_000,
  /** Whoever has it may be a daemon that is just ending, or stay for months: after 5 s, doubling to five minutes. */
  retryPause: ({ context }: { context: { attempts: number } }) =>
    Math.min(5_000 * 2 ** (context.attempts - 1), 300_000),
} as const;
