type Counted = {
  context: { attempts: number; commits: number; polls: number; retryAfterMs: number | null };
};

/** Never sooner than Apple asked for. */
const notBefore = (context: Counted['context'], pauseMs: number): number =>
  Math.max(context.retryAfterMs ?? 0, pauseMs);

/** Deadlines and pauses of one upload to App Store Connect, in milliseconds. */
export const storeUploadLimits = {
  /** One request and its answer; Apple's API answers in seconds. */
  requestTimeout: 90_000,
  /** 2 s doubling to 60 s; the port adds jitter. Apple allows about 300 requests in a minute. */
  retryPause: ({ context }: Counted) => notBefore(context, Math.min(1_000 * 2 ** context.attempts, 60_000)),
  /** After a commit without an answer: 5 s, growing; what Apple says at once may be older than the commit. */
  settlePause: ({ context }: Counted) => notBefore(context, 5_000 * context.commits),
  /** All parts once: 4 GB at 2 MB/s. */
  partsTimeout: 2_400_000,
  /** The first minutes decide most uploads; after that Apple is asked less often. */
  pollPause: ({ context }: Counted) => notBefore(context, Math.min(10_000 + context.polls * 5_000, 60_000)),
  /** Processing takes 5 to 30 minutes, sometimes hours: after this the upload counts as handed over. */
  processingTimeout: 2_700_000,
} as const;

/** Attempts for one step before the upload fails. */
export const STORE_ATTEMPTS = 6;
/** Reservations of the file: the addresses of its parts are good for a limited time only. */
export const FILE_RESERVATIONS = 4;
/** Commits: the first one, and those of which Apple says that the one before did not arrive. */
export const COMMITS = 4;
/** How often Apple may still wait for a file that was committed: an answer may be older than the commit. */
export const STALE_ANSWERS = 3;
