import type { Audience } from '../../../machines/contracts/wording.ts';
import type { GuestAccess } from '../../adapters/guest/guest.ts';
import type { Config } from '../../config/load.ts';
import type { Toolchain } from '../../domain/toolchain.ts';

/** Settings that steps go by; the secrets of the worker are not among them. */
export type RunSettings = Pick<
  Config,
  | 'hubUrl'
  | 'hubHttpUrl'
  | 'trustRoots'
  | 'guestNetwork'
  | 'timestampUrl'
  | 'storeTimestampUrl'
  | 'storePackage'
  | 'notarize'
  | 'notaryUrl'
  | 'notaryS3Url'
  | 'ticketUrl'
  | 'appStoreConnectUrl'
>;

export const runSettings = ({
  hubUrl,
  hubHttpUrl,
  trustRoots,
  guestNetwork,
  timestampUrl,
  storeTimestampUrl,
  storePackage,
  notarize,
  notaryUrl,
  notaryS3Url,
  ticketUrl,
  appStoreConnectUrl,
}: Config): RunSettings => ({
  ...{ hubUrl, hubHttpUrl, trustRoots, guestNetwork, timestampUrl, storeTimestampUrl, storePackage },
  ...{ notarize, notaryUrl, notaryS3Url, ticketUrl, appStoreConnectUrl },
});

/** Under which the hub gives the bundle out and takes the artifact. */
export interface ClaimAccess {
  /** Secret. */
  readonly authToken: string;
  readonly tarballUrl: string;
  readonly artifactUploadUrl: string;
}

/** All that the process of a run is given to work with; plain data. */
export interface RunSetup {
  readonly runId: string;
  readonly jobId: string;
  /** Who reads what the run says. */
  readonly audience: Audience;
  readonly settings: RunSettings;
  /** What the machines can do for certain, if that is known. */
  readonly toolchain: Toolchain | null;
  readonly folders: RunFolders;
  /** As the hub sent it. */
  readonly manifest: unknown;
  /** As the hub sent it; secret. */
  readonly credentials: unknown;
  /** Secret. */
  readonly authToken: string;
  /** For a bundle that comes from no hub. */
  readonly local?: LocalEnds;
}

/** Absolute paths. */
export interface RunFolders {
  /** Private to the run (0700); everything that it writes on this host is below. */
  readonly run: string;
  /** State directory whose journal knows what was begun at Apple. */
  readonly journal: string;
  /** State directory in whose journal artifacts are kept. */
  readonly kept: string;
}

export type SignTarget = 'macos-sign' | 'ios-sign';

/** What was named on the command line, ready to be read. */
export interface LocalBundle {
  /** The `.app` folder; that of the caller is read, never changed. */
  readonly appPath: string;
  readonly target: SignTarget;
  /** The archive that it came in, unpacked: a folder of our own, with all that lies beside the app. */
  readonly unpacked?: { readonly folder: string; readonly sizeBytes: number };
}

/** Where a bundle comes from and where its artifact goes, without a hub. */
export interface LocalEnds {
  readonly bundle: LocalBundle;
  /** Property list, base64; takes the place of the entitlements in the bundle. */
  readonly entitlementsBase64?: string;
  readonly artifact: {
    readonly wanted: string;
    readonly force: boolean;
    readonly format?: 'dmg' | 'pkg' | 'app' | 'zip';
    /** Where the statement of how it was made goes, if it is wanted; absolute. */
    readonly provenance?: string;
  };
}

/** What is to become of one finished file. */
export type FileTask = 'notarize' | 'staple' | 'publish';

/** The process of a run that is about a finished file, and about no job. */
export interface FileSetup extends Omit<RunSetup, 'manifest' | 'local' | 'toolchain' | 'authToken'> {
  readonly file: LocalFile;
}

export interface LocalFile {
  /** Absolute. */
  readonly path: string;
  readonly task: FileTask;
  /** Where the stapled file goes. */
  readonly place: { readonly wanted: string; readonly force: boolean };
  /** What follows an upload, as in a manifest; not checked yet. */
  readonly afterUpload: unknown;
}

/** What a step is told, beside what its run knows. */
export interface StepCall {
  /** Which pass of the plan the step is about, counted from 0. */
  readonly pass: number;
  /** Of the newest assignment; without a hub there is none. */
  readonly claim: ClaimAccess | null;
  /** What the machine can do; null until it was asked. */
  readonly toolchain: Toolchain | null;
}

export type { GuestAccess };
