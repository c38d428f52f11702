import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type DecodedUpload, decodeToFile } from './base64-file.ts';
import type { StoredArtifact } from './types.ts';

const DEFAULT_TTL_MS = 600_000;

interface Ticket {
  readonly artifact: StoredArtifact;
  readonly expiresAtMs: number;
}

/** Uploaded artifacts: one that counts for each job, and tickets that fetch one once. */
export class ArtifactStore {
  readonly ttlMs: number;
  readonly #directory: string;
  readonly #byJob = new Map<string, StoredArtifact>();
  readonly #tickets = new Map<string, Ticket>();

  constructor(directory: string, ttlMs = DEFAULT_TTL_MS) {
    this.#directory = directory;
    this.ttlMs = ttlMs;
  }

  get(jobId: string): StoredArtifact | undefined {
    return this.#byJob.get(jobId);
  }

  /** Reads a whole upload into a file of its own; a broken one leaves nothing. */
  async receive(body: Readable): Promise<DecodedUpload & { readonly path: string }> {
    const path = join(this.#directory, `artifact-${randomUUID()}`);
    try {
      return { path, ...(await decodeToFile(body, path)) };
    } catch (error) {
      await this.discard(path);
      throw error;
    }
  }

  discard(path: string): Promise<void> {
    return rm(path, { force: true });
  }

  /** Makes an upload the artifact of its job; returns the ticket. */
  keep(jobId: string, artifact: StoredArtifact): string {
    const ticket = randomUUID();
    this.#byJob.set(jobId, artifact);
    this.#tickets.set(ticket, { artifact, expiresAtMs: Date.now() + this.ttlMs });
    return ticket;
  }

  /** A ticket works once, also when the transfer breaks. */
  redeem(ticket: string): StoredArtifact | undefined {
    const found = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return found && found.expiresAtMs > Date.now() ? found.artifact : undefined;
  }

  /** A restarted hub knows no ticket any more; artifacts of finished jobs are on its disk. */
  forgetTickets(): void {
    this.#tickets.clear();
  }
}
