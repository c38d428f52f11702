/** Times of the standby machines, in milliseconds. */
export const vmPoolLimits = {
  /** Making a name is no work at all. */
  nameTimeout: 5_000,
  /**
   * From the request of a job to the boot that replaces its machine, where boots keep processors busy: by then the job has
   * entered its machine and run its first command, which takes a second where nothing else is done.
   */
  refillPause: 3_000,
  /** After a standby machine was lost: a host that cannot boot one now is not asked again at once. */
  recoveryPause: 15_000,
} as const;
