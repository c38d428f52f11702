/** Deadlines of the trial of one golden image, in milliseconds. */
export const imageCheckLimits = {
  /** Some ten small commands in a guest that may be emulated on a busy host. */
  examineTimeout: 180_000,
} as const;
