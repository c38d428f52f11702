import type { Recipient } from '../contracts/actors.ts';
import type { Failure } from '../contracts/failure.ts';
import type {
  AdmittedJob,
  AdmittedPass,
  Artifact,
  BundleSummary,
  JobReport,
  Stage,
  Toolchain,
} from '../contracts/job.ts';
import type { VmClone, VmReport } from '../contracts/vm.ts';
import type { NotarizationReport } from '../notarization/ports.ts';

export interface SignJobInput {
  readonly runId: string;
  readonly jobId: string;
  readonly vm: VmClone;
  readonly owner: Recipient<JobReport>;
}

export interface SignJobContext extends SignJobInput {
  /** Vault keys: the run's own, and the one that was adopted last, if any. */
  readonly assignmentIds: readonly string[];
  readonly job: AdmittedJob | null;
  readonly bundle: BundleSummary | null;
  /** Null until it is known what the machine can do. */
  readonly toolchain: Toolchain | null;
  /** There is an icon to compile. */
  readonly hasCatalog: boolean;
  /** Which one is at work, counted from 0. */
  readonly pass: number;
  /** Of each pass, as it is now: a stapled ticket makes another file of it. */
  readonly artifacts: readonly Artifact[];
  /**
   * For which submission the artifact was made and kept before a restart, counted from 0; null when it was made here.
   * It is not kept once more, and the app in it is nowhere else.
   */
  readonly recalledFor: number | null;
  /** Digests of the artifacts that are entered in the account of signatures: only these may leave. */
  readonly recorded: readonly string[];
  /** What the hub has. */
  readonly delivered: Artifact | null;
  /** Apple's ids of the submissions that it accepted, in their order. */
  readonly acceptedAs: readonly string[];
  /** Apple's id of the submission that it judges now. */
  readonly judgedAs: string | null;
  /** Apple's id of the upload of the build that it took. */
  readonly publishedAs: string | null;
  /** Apple's id of the build, once testers have what was asked for. */
  readonly distributedAs: string | null;
  readonly uploadId: string | null;
  readonly stage: { readonly name: Stage; readonly message: string; readonly percent: number } | null;
  readonly attempts: number;
  /** Of the machine, or of the way to it: what the last attempt to log in has met. */
  readonly rebuff: Failure | null;
  /** The assignment whose token the current attempt uses. */
  readonly attemptedWith: string | null;
  readonly failure: Failure | null;
  readonly leakedVm: string | null;
}

export type SignJobEvent =
  /** With a standby machine, if there was one; a job makes its own otherwise. */
  | { type: 'slot.granted'; vm?: VmClone }
  | { type: 'job.cancelRequested'; why: 'user' | 'shutdown' }
  | { type: 'job.adopted'; assignmentId: string }
  | { type: 'job.linkLost' }
  | { type: 'job.linkRestored' }
  /** Somebody else needs the slot: no more waiting for a job that the hub took back. */
  | { type: 'job.giveWayRequested' }
  | { type: 'claim.expired' }
  | { type: 'process.wanted' }
  | { type: 'process.unwanted' }
  /** By the one who watches it. */
  | { type: 'process.ended'; failure: Failure }
  | { type: 'process.lost'; failure: Failure }
  | { type: 'machine.wanted' }
  | { type: 'machine.unwanted' }
  | VmReport
  | NotarizationReport;

/** The assignment whose token is the valid one. */
export const newest = (context: SignJobContext): string => context.assignmentIds.at(-1) ?? context.runId;

export function passesOf({ job }: Pick<SignJobContext, 'job'>): readonly AdmittedPass[] {
  return job?.passes ?? [];
}

/** The pass whose artifact that happens to; -1 when there is none. */
const passThat =
  (does: (pass: AdmittedPass) => boolean) =>
  (context: Pick<SignJobContext, 'job'>): number =>
    passesOf(context).findIndex(does);

export const notarizedPass = passThat(({ staples }) => staples.length > 0);
export const publishedPass = passThat(({ publishes }) => publishes);
export const deliveredPass = passThat(({ delivers }) => delivers);

/** What gets its ticket from each submission that there is to be, in this order. */
export const staplesOf = (context: Pick<SignJobContext, 'job'>): AdmittedPass['staples'] =>
  passesOf(context)[notarizedPass(context)]?.staples ?? [];

/** What gets its ticket from the next submission. */
export const nextStaple = ({ job, acceptedAs }: Pick<SignJobContext, 'job' | 'acceptedAs'>) =>
  staplesOf({ job })[acceptedAs.length];

/** The first pass whose artifact is not in the account of signatures as it is now; -1 when there is none. */
export const unrecordedPass = ({ artifacts, recorded }: SignJobContext): number =>
  artifacts.findIndex(({ sha256Hex }) => !recorded.includes(sha256Hex));

/** The artifact of a pass, as it is now. Throws when it has not been made: a defect of the chart. */
export function artifactOf({ artifacts }: SignJobContext, pass: number): Artifact {
  const artifact = artifacts[pass];
  if (artifact) return artifact;
  throw new Error('an artifact is made before it goes anywhere');
}
