type Counted = { context: { attempts: number; polls: number; retryAfterMs: number | null } };

/** Never sooner than Apple asked for. */
const notBefore = (context: Counted['context'], pauseMs: number): number =>
  Math.max(context.retryAfterMs ?? 0, pauseMs);

/** Deadlines and pauses of what follows an upload, in milliseconds. */
export const testflightLimits = {
  /** Some requests and their answers; Apple's API answers in seconds. */
  requestTimeout: 120_000,
  /** 2 s doubling to 60 s; the port adds jitter. Apple allows about 300 requests in a minute. */
  retryPause: ({ context }: Counted) => notBefore(context, Math.min(1_000 * 2 ** context.attempts, 60_000)),
  /** The first minutes decide most builds; after that Apple is asked less often. */
  pollPause: ({ context }: Counted) => notBefore(context, Math.min(10_000 + context.polls * 5_000, 60_000)),
  /** Processing takes 5 to 30 minutes, on a bad day hours. */
  processingTimeout: 2 * 3_600_000,
} as const;

/** Attempts for one step before it fails. */
export const TESTFLIGHT_ATTEMPTS = 6;
