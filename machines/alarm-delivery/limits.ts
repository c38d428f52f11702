/** How notices reach the operator, in milliseconds. */
export const alarmDeliveryLimits = {
  /** More than the command or the webhook takes for its own deadline, which says more. */
  deliverTimeout: 60_000,
  /** After 5 s, doubling to five minutes: some minutes of an outage are got over, and it is no flood at its end. */
  retryPause: ({ context }: { context: { attempts: number } }) =>
    Math.min(5_000 * 2 ** Math.max(0, context.attempts - 1), 300_000),
} as const;

/** With those pauses about half an hour; who cannot be reached for longer reads the log, or the status. */
export const MOST_ATTEMPTS = 12;

/** Notices that wait behind one that is not taken; of more the oldest are dropped, and that is said. */
export const MOST_WAITING_NOTICES = 50;
