import { livePort, port } from '../contracts/actors.ts';
import type { AfterUpload, Artifact } from '../contracts/job.ts';
import type { StapleTarget } from '../notarization/ports.ts';

export interface FileInput {
  readonly runId: string;
}

/** The file as the process of the run has taken it. */
export interface TakenFile {
  /** A private copy, but for an app: of that only its main program counts, and its own folder gets the ticket. */
  readonly artifact: Artifact;
  readonly platform: 'macos' | 'ios';
  /** What can carry a ticket. */
  readonly staples: readonly StapleTarget[];
  /** Apple has notarized these very bytes: they carry a ticket. */
  readonly isStapled: boolean;
  /** The result is wanted where the file is. */
  readonly isInPlace: boolean;
  /** App Store Connect's id of an upload of these very bytes that was begun before; null when there is none. */
  readonly uploadId: string | null;
  /** Null when nothing was asked for. */
  readonly afterUpload: AfterUpload | null;
  readonly remarks: readonly string[];
}

export interface TakenInput extends FileInput {
  readonly artifact: Artifact;
}

export const loneFilePorts = {
  /** Gives the file to a process of its own, which reads and checks it. */
  openFile: port<TakenFile, FileInput>('openFile'),
  /** Tells when the process has ended without being asked to. */
  watchRun: livePort<{ type: 'never' }, FileInput>('watchRun'),
  /** Ends a process that takes up too much memory. */
  measureRun: port<void, FileInput>('measureRun'),
  /** Enters in the account of signatures what is about to go to Apple. */
  recordFile: port<void, TakenInput & { readonly task: 'notarize' | 'publish' }>('recordFile'),
  /** The person says under which id Apple has the file. */
  recordSubmission: port<
    void,
    TakenInput & { readonly submissionId: string; readonly phase: 'uploaded' | 'concluded' }
  >('recordSubmission'),
  fetchTicket: port<void, TakenInput & { readonly target: StapleTarget }>('fetchTicket'),
  stapleTicket: port<Artifact, TakenInput & { readonly target: StapleTarget }>('stapleTicket'),
  /** Puts the stapled file where it is wanted: whole, or not at all. */
  placeFile: port<void, FileInput>('placeFile'),
  /** Ends the process, and removes what it had. */
  closeFile: port<void, FileInput>('closeFile'),
};
