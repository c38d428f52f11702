import type { AdmittedJob, Artifact } from '../contracts/job.ts';

/** In bytes per millisecond. */
const MIB_PER_SECOND = 1_048_576 / 1_000;
/** The slowest line on which an upload that moves is never cut. In bytes per millisecond. */
const SLOWEST_LINE = 12;
/** What two systems hold between two programs: `tcp_wmem` and `tcp_rmem` of Linux, 4 and 6 MiB, which macOS keeps below. */
const BUFFERED_BYTES = 10 * 2 ** 20;

/** Deadlines and pauses of one run, in milliseconds. Overridden by configuration. */
export const signJobLimits = {
  admitTimeout: 10_000,
  /** A process that stands by has the job in some milliseconds; a new one is loaded on a busy host before. */
  openTimeout: 60_000,
  /** Between two looks at the memory of the process. */
  measurePause: 5_000,
  measureTimeout: 5_000,
  /** A job that found no slot for this long is better sent elsewhere. */
  queueTimeout: 2 * 3_600_000,
  /** From the granted slot to the result, without the waits for Apple: see `wholeJob`. */
  jobTimeout: 3_600_000,
  /** 4 GB at 5 MB/s. */
  downloadTimeout: 900_000,
  /** 2 s doubling to 30 s: with the attempts below, a hub that is restarted has about two minutes. */
  retryPause: ({ context }: { context: { attempts: number } }) =>
    Math.min(1_000 * 2 ** context.attempts, 30_000),
  inspectTimeout: 60_000,
  credentialsTimeout: 30_000,
  /** A link and a digest, or a copy, of an artifact on this host's disk. */
  recallTimeout: 120_000,
  iconsTimeout: 120_000,
  /** A question or two; a Mac that has just booted answers the first one slowly. */
  toolchainTimeout: 60_000,
  /** The first call of actool starts services of the simulator, for tens of seconds; it has a second try. */
  assetsTimeout: 600_000,
  /** A copy of the bundle on this host's disk. */
  layOutTimeout: 120_000,
  mergeTimeout: 30_000,
  embedTimeout: 30_000,
  /** The deadlines of vm-lifecycle end sooner; this one is for a machine that says nothing at all. */
  machineTimeout: 900_000,
  /** As long as the vm-lifecycle waits for a controller of a cluster that restarts. */
  enterTimeout: 120_000,
  /** 250 ms doubling to 15 s. */
  enterPause: ({ context }: { context: { attempts: number } }) =>
    Math.min(125 * 2 ** context.attempts, 15_000),
  transferTimeout: 600_000,
  /** One request to the time-stamp authority for each executable, on a slow day. */
  codesignTimeout: 900_000,
  /** All code of the bundle, at the speed of SSH. */
  takeSignaturesTimeout: 300_000,
  verifyTimeout: 300_000,
  packageTimeout: 900_000,
  checkTimeout: 300_000,
  /** A line of some kilobytes, written through to the disk: one that is busy, or falls asleep, takes seconds. */
  recordTimeout: 60_000,
  /**
   * The deadlines of notarization end sooner: announcing, uploading, the verdict, log and ticket. This one is for one
   * that says nothing at all.
   */
  notarizationTimeout: 5 * 3_600_000,
  /** The artifact is read back whole, and the app in it written to this host's disk. */
  restoreTimeout: 300_000,
  /** stapler asks Apple whether the ticket was revoked. */
  validateTimeout: 120_000,
  /** One file of some hundred bytes on this host. */
  journalTimeout: 10_000,
  /** The deadlines of store-upload end sooner but for a line that is slow in every attempt. */
  publishingTimeout: 3 * 3_600_000,
  /** The deadlines of testflight end sooner: the processing of the build, and some requests after it. */
  distributionTimeout: 3 * 3_600_000,
  /** After the link is back: the question whether the token of the assignment is still good. */
  claimTimeout: 30_000,
  claimPause: 2_000,
  /** How long the hub may take after that to hand a re-queued job to us again. */
  reassignmentTimeout: 120_000,
  uploadTimeout: 1_800_000,
  /**
   * A line on which not one piece of an upload leaves for this long is dead, whatever it says. Linux takes the next one
   * when a third of its 4 MiB is free again: two minutes on the slowest line.
   */
  stallTimeout: 180_000,
  /**
   * From when all of an upload has left this process. What the systems still hold (nobody can see how much) goes at the
   * pace of the line; then a hub decodes it on its one event loop, a second for each MiB, before it answers.
   */
  answerTimeout: ({ context: { artifacts } }: { context: { artifacts: readonly Artifact[] } }) => {
    const sizeBytes = Math.max(0, ...artifacts.map((artifact) => artifact.sizeBytes));
    const heldMs = Math.min((sizeBytes * 4) / 3, BUFFERED_BYTES) / SLOWEST_LINE;
    return heldMs + Math.min(60_000 + sizeBytes / MIB_PER_SECOND, 300_000);
  },
  purgeTimeout: 60_000,
  /** The stage is said again, because the user's terminal may have joined late. */
  pulseInterval: 30_000,
} as const;

/** What a job may take as a whole: Apple's waits come on top of its own time. */
export const wholeJob =
  (
    limits: Readonly<
      Record<'jobTimeout' | 'notarizationTimeout' | 'publishingTimeout' | 'distributionTimeout', number>
    >,
  ) =>
  ({
    context: { job },
  }: {
    context: { readonly job: Pick<AdmittedJob, 'passes' | 'afterUpload'> | null };
  }): number =>
    (job?.passes ?? []).reduce(
      (sum, { staples, publishes }) =>
        sum + staples.length * limits.notarizationTimeout + (publishes ? limits.publishingTimeout : 0),
      limits.jobTimeout + (job?.afterUpload ? limits.distributionTimeout : 0),
    );

/** Attempts to download or upload before the run fails. */
export const TRANSFER_ATTEMPTS = 8;

/** A bundle that arrives damaged is asked for once more; one that lies damaged at the hub does not fix itself. */
export const DAMAGED_BUNDLE_ATTEMPTS = 2;
const DAMAGED_BUNDLE_CODES = new Set(['BUNDLE_BASE64_CORRUPT', 'BUNDLE_CORRUPT', 'BUNDLE_NOT_ARCHIVE']);

export const transferAttempts = (code: string): number =>
  DAMAGED_BUNDLE_CODES.has(code) ? DAMAGED_BUNDLE_ATTEMPTS : TRANSFER_ATTEMPTS;

/** Attempts to log into the machine before the run fails; with their pauses, a controller has a minute and a half. */
export const ENTER_ATTEMPTS = 12;

/**
 * The connection broke or could not be had, or the daemon makes it anew: another host key, a refused login or a machine
 * that has ended is no such thing.
 */
const BROKEN_WAY_CODES = new Set([
  ...['GUEST_UNREACHABLE', 'GUEST_LOST'],
  ...['CLUSTER_UNREACHABLE', 'CLUSTER_TUNNEL_REFUSED'],
]);

export const isBrokenWay = (code: string): boolean => BROKEN_WAY_CODES.has(code);
