import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubServer } from './hub-server.ts';
import type {
  Assignment,
  BundleCorruption,
  EmbeddedHubOptions,
  JobStatus,
  JobSubmission,
  StoredArtifact,
  TransferFault,
  WireMessage,
  WorkerView,
} from './types.ts';
import type { WorkerLink } from './worker-link.ts';

export type {
  Assignment,
  BundleCorruption,
  EmbeddedHubOptions,
  JobStatus,
  JobSubmission,
  StoredArtifact,
  TransferFault,
  WireMessage,
  WorkerView,
} from './types.ts';

/** A hub in this process: for the demo and for tests. Its oddities are those of the real one. */
export interface EmbeddedHub {
  readonly webSocketUrl: string;
  readonly httpUrl: string;
  /** What workers did that a real hub would not tell them. */
  readonly violations: readonly string[];
  /** Every dispatch so far, in order. */
  readonly assignments: readonly Assignment[];

  submitJob(submission: JobSubmission): Promise<string>;
  /** False when the hub has nobody to tell: only the last assigned job of a worker can be cancelled. */
  cancel(jobId: string): boolean;
  jobStatus(jobId: string): JobStatus | undefined;
  workers(): readonly WorkerView[];
  /** What the sender of a job was told so far. */
  messages(jobId: string): readonly WireMessage[];
  /** The first message of a job, of those that came and those that will, that fits. */
  nextMessage(
    jobId: string,
    fits: (message: WireMessage) => boolean,
    signal?: AbortSignal,
  ): Promise<WireMessage>;
  /** The first `complete` of a job. */
  completed(jobId: string, signal?: AbortSignal): Promise<WireMessage>;
  /** Waits until `probe` has an answer; it is asked again after everything that happens. */
  until<T>(probe: () => T | undefined, signal?: AbortSignal): Promise<T>;
  artifact(jobId: string): StoredArtifact | undefined;
  /** Forgets jobs, queue, workers and tokens and breaks every connection; the ports stay. */
  restart(): Promise<void>;
  stop(): Promise<void>;

  /** New connections to both ports are refused, or taken again; open ones stay. */
  refuseConnections(isRefusing: boolean): Promise<void>;
  /** Ends every WebSocket: with a Close frame, or (the default) without a word. Resolves when their workers are gone. */
  dropAllSockets(options?: { readonly cleanly?: boolean }): Promise<void>;
  /** Every open WebSocket becomes half-open: nothing is read, sent or answered, its worker stays as a ghost. */
  freezeSockets(): void;
  /** The hub notices that its half-open WebSockets have ended. Resolves when their workers are gone. */
  noticeFrozenSockets(): Promise<void>;
  /** Sends any text to every WebSocket. */
  sendRaw(text: string): void;
  failNextDownloads(count: number, fault: TransferFault): void;
  failNextUploads(count: number, fault: TransferFault): void;
  corruptNextBundles(count: number, corruption: BundleCorruption): void;
  /** Downloads stand still between head and body until then. */
  delayBodyUntil(release: Promise<unknown>): void;
  /** Uploads that were read are answered only then. */
  delayUploadAnswerUntil(release: Promise<unknown>): void;
  /** How many uploads have come, as far as their heads. */
  uploadsBegun(): number;
  /** How many uploads were read to their end. */
  uploadsRead(): number;
}

export async function startEmbeddedHub(options: EmbeddedHubOptions = {}): Promise<EmbeddedHub> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'perry-hub-')));
  const server = new HubServer(options, directory);
  await server.open();
  return {
    ...jobsOf(server, directory),
    ...faultsOf(server),
    get webSocketUrl() {
      return server.webSocketUrl;
    },
    get httpUrl() {
      return server.httpUrl;
    },
    violations: server.judge.violations,
    assignments: server.journal.assignments,
    restart: () => server.restart(),
    stop: async () => {
      server.journal.end();
      await server.stop();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

function jobsOf(server: HubServer, directory: string) {
  const { journal } = server;
  const nextMessage: EmbeddedHub['nextMessage'] = (jobId, fits, signal) =>
    journal.until(() => journal.messages(jobId).find(fits), signal);
  return {
    submitJob: (submission: JobSubmission) => submit(server, directory, submission),
    cancel: (jobId: string) => server.ledger.cancel(jobId),
    jobStatus: (jobId: string) => server.ledger.jobs.get(jobId)?.status,
    workers: () => server.ledger.workers(),
    messages: (jobId: string) => journal.messages(jobId),
    nextMessage,
    completed: (jobId: string, signal?: AbortSignal) =>
      nextMessage(jobId, ({ type }) => type === 'complete', signal),
    until: <T>(probe: () => T | undefined, signal?: AbortSignal) => journal.until(probe, signal),
    artifact: (jobId: string) => server.store.get(jobId),
  };
}

async function submit(server: HubServer, directory: string, submission: JobSubmission): Promise<string> {
  const id = randomUUID();
  const { bundle, credentials } = submission;
  const bundlePath = typeof bundle === 'string' ? bundle : join(directory, `bundle-${id}`);
  if (typeof bundle !== 'string') await writeFile(bundlePath, bundle);
  const manifest = { ...submission.manifest };
  server.ledger.submit({ id, manifest, credentials, bundlePath, status: 'queued', requeues: 0 });
  return id;
}

async function ended(links: readonly WorkerLink[], end: (link: WorkerLink) => void): Promise<void> {
  for (const link of links) end(link);
  await Promise.all(links.map((link) => link.ended));
}

function faultsOf(server: HubServer) {
  const { faults, links } = server;
  return {
    refuseConnections: async (isRefusing: boolean) => (isRefusing ? server.shut() : server.open()),
    dropAllSockets: ({ cleanly = false }: { readonly cleanly?: boolean } = {}) =>
      ended([...links], (link) => link.drop(cleanly)),
    freezeSockets: () => {
      for (const link of links) link.freeze();
    },
    noticeFrozenSockets: () =>
      ended(
        [...links].filter(({ isFrozen }) => isFrozen),
        (link) => link.drop(false),
      ),
    sendRaw: (text: string) => {
      for (const link of links) link.sendRaw(text);
    },
    failNextDownloads: (count: number, fault: TransferFault) => faults.failNextDownloads(count, fault),
    failNextUploads: (count: number, fault: TransferFault) => faults.failNextUploads(count, fault),
    corruptNextBundles: (count: number, corruption: BundleCorruption) =>
      faults.corruptNextBundles(count, corruption),
    delayBodyUntil: (release: Promise<unknown>) => {
      faults.bodyHold = release;
    },
    delayUploadAnswerUntil: (release: Promise<unknown>) => {
      faults.uploadHold = release;
    },
    uploadsBegun: () => faults.uploadsBegun,
    uploadsRead: () => faults.uploadsRead,
  };
}
