/** What is relayed to the sender of a job: JSON as it was on the wire, in the hub's spelling. */
export interface WireMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface EmbeddedHubOptions {
  /** Left out or empty: every worker is let in. */
  readonly workerSecret?: string;
  /** A worker that names another `perry_version` is told to update. */
  readonly expectedVersion?: string;
  /** Bind address; loopback by default. */
  readonly host?: string;
  /** 0 (the default) takes a free port. */
  readonly httpPort?: number;
  readonly webSocketPort?: number;
  /** Base of the addresses in jobs; its own HTTP address by default. */
  readonly publicUrl?: string;
  /** Where bundles and artifacts are kept; by default a temporary folder that `stop()` removes. */
  readonly directory?: string;
  /** How long an artifact can be fetched; 600 s as the hub has it. */
  readonly artifactTtlMs?: number;
}

export interface JobSubmission {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, unknown>>;
  /** Path of a file that stays where it is, or its bytes. */
  readonly bundle: string | Uint8Array;
}

export type JobStatus = 'queued' | 'running' | 'completed' | 'failed';

/** The artifact that counts: the last that was uploaded. */
export interface StoredArtifact {
  /** File with the decoded bytes. */
  readonly path: string;
  readonly name: string;
  /** Computed from the bytes, not taken from the worker. */
  readonly sha256Hex: string;
  readonly sizeBytes: number;
  readonly target: string;
}

export interface WorkerView {
  readonly name: string;
  readonly capabilities: readonly string[];
  /** Jobs that the hub believes to run there; wrong in the ways a hub is. */
  readonly active: number;
  readonly max: number;
  /** Last assigned job, or empty. */
  readonly job: string;
  readonly busy: boolean;
}

/** One dispatch of one job to one worker. */
export interface Assignment {
  readonly jobId: string;
  readonly token: string;
  readonly workerName: string;
}

/**
 * Ways in which a hub delivers a bundle that is none: `strayPrefix` shifts the text by 12 foreign bytes and loses
 * its tail, `badAlphabet` has characters that are not base64, `truncated` ends in the middle, `flippedBytes` is
 * sound base64 of wrong bytes, `empty` has no body.
 */
export type BundleCorruption = 'strayPrefix' | 'badAlphabet' | 'truncated' | 'flippedBytes' | 'empty';

/** An HTTP status, or a connection that is reset in the middle of the body. */
export type TransferFault = number | 'reset';

export interface HubJob {
  readonly id: string;
  readonly manifest: Record<string, unknown>;
  readonly credentials: Readonly<Record<string, unknown>>;
  /** File with the bundle; gone after `complete`. */
  bundlePath: string | undefined;
  status: JobStatus;
  requeues: number;
  /** Name of the worker that it was assigned to last. */
  holder?: string;
}

/** One registered connection of a worker. */
export interface WorkerEntry {
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly send: (message: WireMessage) => void;
  job: string;
  busy: boolean;
}
