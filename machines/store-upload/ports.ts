import { port } from '../contracts/actors.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';

/** Every effect knows the run, under which what is secret or large lies behind the port, and the exact artifact. */
export interface RunInput {
  readonly runId: string;
  readonly artifact: Artifact;
}
export interface UploadInput extends RunInput {
  readonly uploadId: string;
}

/** What Apple says of an upload: its four documented states. */
export interface UploadVerdict {
  readonly state: 'awaitingUpload' | 'processing' | 'complete' | 'failed';
  /** Of a failed one; its text is for the user. */
  readonly failure: Failure | null;
  /** Apple's warnings, for the log of the job. */
  readonly remarks: readonly string[];
}

/** What became of an attempt to send parts. */
export interface PartsReport {
  /** Part numbers that Apple does not have yet. */
  readonly missing: readonly number[];
  /** Addresses that are good no more are among them: only a new reservation brings others. */
  readonly hasExpired: boolean;
  /** What the storage asked us to wait; null when it did not. */
  readonly retryAfterMs: number | null;
}

/** Whether Apple has the build that this job sent before a restart, and whether it has looked at it. */
export type OwnBuild = 'none' | 'processing' | 'valid';

export const storeUploadPorts = {
  /** Exact match of the bundle identifier; answers with Apple's id of the app. */
  findApp: port<string, RunInput>('findApp'),
  /** Refuses names of TestFlight groups that the app does not have. */
  checkGroups: port<void, RunInput>('checkGroups'),
  reserveUpload: port<string, RunInput & { appId: string }>('reserveUpload'),
  recordUpload: port<void, UploadInput>('recordUpload'),
  reserveFile: port<{ fileId: string; parts: readonly number[] }, UploadInput>('reserveFile'),
  /** Sends these parts, some at a time. */
  sendParts: port<PartsReport, RunInput & { parts: readonly number[] }>('sendParts'),
  commitFile: port<void, UploadInput & { fileId: string }>('commitFile'),
  askUpload: port<UploadVerdict, UploadInput>('askUpload'),
  /** The build of this number that Apple got after this very job first reserved an upload for it. */
  findOwnBuild: port<OwnBuild, RunInput>('findOwnBuild'),
};
