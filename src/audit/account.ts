import type { Artifact, MadeBy } from '../../machines/contracts/job.ts';
import { ShipError } from '../errors.ts';
import { packageVersion } from '../package-root.ts';
import { words } from '../words.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { ChainFile } from './chain-file.ts';
import type { LineContent, Position } from './chain-line.ts';
import type { SignatureFacts } from './facts.ts';
import { LineWriter } from './line-writer.ts';
import { whyNot } from './why-not.ts';

/** What this worker knows by itself; without a login in addresses. */
export interface Asker {
  /** Null without a hub. */
  readonly hub: string | null;
  /** Name of the worker, or of the user who called. */
  readonly worker: string;
}

export interface MachineFacts {
  readonly driver: string;
  readonly name: string;
  readonly image: string;
  /** What is known of the image: of its disk, if it has a digest. */
  readonly imageSha256Hex: string | null;
  /** ISO 8601. */
  readonly imageBuiltAt: string | null;
  /** Such as the release of its system. */
  readonly imageOf: string | null;
}

export interface Tools {
  readonly perryShip: string;
  readonly toolchain: string | null;
  readonly rcodesign: string | null;
}

/** One artifact that carries signatures of ours, before any of it leaves this host. */
export interface SignedEntry {
  readonly runId: string;
  readonly jobId: string;
  readonly madeBy: MadeBy;
  /** Of the plan, counted from 0. */
  readonly pass: number;
  readonly asker: Asker;
  readonly facts: SignatureFacts;
  readonly artifact: Artifact;
  readonly tools: Tools;
  readonly machine: MachineFacts;
  /** The statement that goes with the artifact. */
  readonly provenance: Artifact | null;
}

/** One finished file of a person, before it goes to Apple with the person's keys. */
export interface FileEntry {
  readonly runId: string;
  readonly jobId: string;
  readonly task: 'notarize' | 'publish';
  readonly asker: Asker;
  readonly artifact: Artifact;
}

/** What became of it. */
export type Aftermath =
  | {
      /** `found`: an earlier process had submitted it, and this one goes on with that. */
      readonly kind: 'submitted' | 'found' | 'accepted' | 'refused';
      readonly by: 'notary';
      readonly submissionId: string;
      readonly sha256Hex: string;
    }
  | {
      readonly kind: 'uploaded' | 'published' | 'refused';
      readonly by: 'store';
      readonly uploadId: string;
      readonly sha256Hex: string;
    }
  | { readonly kind: 'delivered'; readonly to: 'hub' | 'file'; readonly sha256Hex: string };

/** How the account stands, for whoever looks at the worker. */
export interface AccountStanding {
  /** Number and digest of the last line; null before there is one. */
  readonly last: Position | null;
  /** What is wrong with it, if anything, in words. */
  readonly problem: string | null;
}

/** An account of every signature: `signatures.jsonl` in the state directory. */
export interface SignatureAccount {
  /** Looks at the end of the file, and brings it in order; what is wrong is told, and keeps nobody from working. */
  check(): Promise<void>;
  /**
   * Where the last line could not be written, tries one that says so: nothing else proves as well that the next one can be.
   * As long as one hangs there is no other. Never rejects.
   *
   * @returns why nothing can be entered, in words; null when it can
   */
  goOn(): Promise<string | null>;
  /** On the disk when it resolves. @throws ShipError SIGNATURE_NOT_RECORDED, also when it takes too long: nothing may leave */
  enter(entry: SignedEntry): Promise<void>;
  /** As `enter`, of what was signed elsewhere. */
  enterFile(entry: FileEntry): Promise<void>;
  /** What became of an artifact of a run that has one here; of others nothing is written. Never rejects. */
  follow(runId: string, aftermath: Aftermath): Promise<void>;
  /** The artifact of a pass, as it was entered last. */
  artifactOf(runId: string, pass: number): Artifact | undefined;
  /** The run is over. */
  forget(runId: string): void;
  standing(): AccountStanding;
  /** Reads all of it, and knows what is wrong afterwards: also that it cannot be read. @throws the system's error · the signal's reason */
  lookThrough(signal: AbortSignal): Promise<void>;
  /**
   * Enters that a person knows what is wrong with it: all of it, when that is what the person has seen.
   *
   * @returns false when other breaks were found, or none
   * @throws the system's error · the signal's reason
   */
  acknowledge(wish: Acknowledgement, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

interface KnownRun {
  readonly jobId: string;
  readonly artifacts: Map<number, Artifact>;
}

/**
 * @param chain - the file, which nobody else writes to; opened when it is needed
 * @param onFault - told of each line that could not be written, and of a file that cannot be read
 * @param timeoutMs - for each line
 */
export function createAccount(
  chain: () => Promise<ChainFile>,
  onFault: (error: unknown) => void = () => {},
  timeoutMs?: number,
): SignatureAccount {
  const runs = new Map<string, KnownRun>();
  const writer = new LineWriter(chain, timeoutMs);
  const append = (content: LineContent): Promise<void> =>
    writer.write(content).catch((error: unknown) => {
      onFault(error);
      throw error;
    });
  const enter = async (
    { runId, jobId, pass, artifact }: Pick<SignedEntry, 'runId' | 'jobId' | 'pass' | 'artifact'>,
    content: LineContent,
  ): Promise<void> => {
    await append(content).catch((cause: unknown) => {
      throw notRecorded(cause);
    });
    const run = runs.get(runId) ?? { jobId, artifacts: new Map() };
    run.artifacts.set(pass, artifact);
    runs.set(runId, run);
  };
  return {
    check: () => writer.check().catch(onFault),
    goOn: () => writer.goOn(),
    enter: (entry) => enter(entry, { kind: 'signed', ...contentOf(entry) }),
    enterFile: ({ task, asker, ...entry }) => {
      const { jobId: job, runId: run, artifact } = entry;
      const tools = { perryShip: packageVersion() };
      const content = { job, run, task, asker, artifact: sentFileOf(artifact), tools };
      return enter({ ...entry, pass: 0 }, { kind: 'taken', ...content });
    },
    follow: async (runId, { kind, ...content }) => {
      const run = runs.get(runId);
      if (!run) return;
      // told already; what was delivered is not taken back
      await append({ kind, job: run.jobId, run: runId, ...content }).catch(() => {});
    },
    artifactOf: (runId, pass) => runs.get(runId)?.artifacts.get(pass),
    forget: (runId) => void runs.delete(runId),
    standing: () => ({ last: writer.last, problem: writer.problem }),
    lookThrough: async (signal) => (await writer.open()).lookThrough(signal),
    acknowledge: async (wish, signal) => (await writer.open()).acknowledge(wish, signal),
    close: () => writer.close(),
  };
}

/** As it stands in the line. */
export function contentOf({ runId, jobId, facts, artifact, provenance, ...entry }: SignedEntry) {
  const { madeBy, pass, asker, tools, machine } = entry;
  const { platform, app, builtWith, identity, installer, profile, received, signed } = facts;
  return {
    ...{ job: jobId, run: runId, madeBy, pass, asker, platform, app, builtWith },
    ...{ identity, installer, profile },
    ...{ received, artifact: sentFileOf(artifact), signed, tools, machine },
    provenance: provenance && sentFileOf(provenance),
  };
}

const sentFileOf = ({ name, sizeBytes, sha256Hex }: Artifact) => ({ name, bytes: sizeBytes, sha256Hex });

const notRecorded = (cause: unknown): ShipError =>
  new ShipError('SIGNATURE_NOT_RECORDED', {
    summary:
      'What was to leave this host could not be entered in the account of signatures, without which nothing does.',
    reason: `Of signatures.jsonl in the state directory: ${whyNot(cause)}.`,
    nextStep: words.tryAgainOrMakeRoom,
    cause,
  });
