type Counted = { context: { attempts: number; retryAfterMs?: number | null } };

/** `firstMs` growing to `maxMs`, and never sooner than the other side asked for. The port adds jitter. */
const growing =
  (firstMs: number, maxMs: number, factor: number) =>
  ({ context }: Counted): number =>
    Math.max(
      context.retryAfterMs ?? 0,
      Math.min(maxMs, firstMs * factor ** Math.max(0, context.attempts - 1)),
    );

/** Deadlines and pauses of one notarization, in milliseconds. Overridden by configuration. */
export const notarizationLimits = {
  /** One file of some hundred bytes on this host. */
  journalTimeout: 10_000,
  /** One question to Apple, a renewed token included; the port has a deadline of 60 s for each request. */
  askTimeout: 150_000,
  /** Announcing, with all its repetitions: an outage of Apple's that is longer is better reported. */
  submitTimeout: 1_800_000,
  /** 2 s doubling to 2 min. */
  retryPause: growing(2_000, 120_000, 2),
  /** A connection over which no byte of the file moves is dead. */
  stallTimeout: 120_000,
  /** All attempts; 4 GB at 0.6 MB/s, and well below the twelve hours of the permission. */
  uploadTimeout: 7_200_000,
  /**
   * A submission of a previous process of which nobody knows whether its file arrived: most verdicts come within this
   * time; when none does, the file is missing and is submitted anew.
   */
  doubtTimeout: 300_000,
  /** 98 of 100 verdicts come within 15 minutes; the first ones of an account can take days, which no job waits. */
  verdictTimeout: 7_200_000,
  /** 5 s growing to 30 s: soon for the many quick ones, gentle on the slow ones. */
  pollPause: growing(5_000, 30_000, 1.3),
  /** The log follows the verdict within seconds; without it the verdict still counts. */
  logTimeout: 180_000,
  /** Tickets are public seconds after the verdict, sometimes minutes. */
  ticketTimeout: 900_000,
  /** 3 s growing to 60 s. */
  ticketPause: growing(3_000, 60_000, 1.7),
  /** Some KiB are written; the digest of the whole file is taken anew, at 100 MB/s or more. */
  stapleTimeout: 120_000,
} as const;

/** Attempts at the same question before the notarization fails; polls are bounded by their deadline instead. */
export const CALL_ATTEMPTS = 12;
/** Submissions of one artifact: the second one when the permission to upload ended before the file arrived. */
export const SUBMISSIONS = 2;
/** How often Apple may say that it does not know a submission: a new one is not known everywhere at once. */
export const UNKNOWN_ANSWERS = 4;
