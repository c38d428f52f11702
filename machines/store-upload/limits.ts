/** Deadlines and pauses of one upload to App Store Connect, in milliseconds. */
export const storeUploadLimits = {
  /** One request and its answer; Apple's API answers in seconds. */
  requestTimeout: 90_000,
  /** 2 s doubling to 60 s; the port adds jitter. Apple allows about 300 requests in a minute. */
  retryPause: ({ context }: { context: { attempts: number } }) =>
    Math.min(1_000 * 2 ** context.attempts, 60_000),
  /** All parts once: 4 GB at 2 MB/s. */
  partsTimeout: 2_400_000,
  /** The first minutes decide most uploads; after that Apple is asked less often. */
  pollPause: ({ context }: { context: { polls: number } }) =>
    Math.min(10_000 + context.polls * 5_000, 60_000),
  /** Processing takes 5 to 30 minutes, sometimes hours: after this the upload counts as handed over. */
  processingTimeout: 2_700_000,
} as const;

/** Attempts for one step before the upload fails. */
export const STORE_ATTEMPTS = 6;
