/** Times of the standby machines, in milliseconds. */
export const vmPoolLimits = {
  /** Making a name is no work at all. */
  nameTimeout: 5_000,
  /** After a standby machine was lost: a host that cannot boot one now is not asked again at once. */
  recoveryPause: 15_000,
} as const;
