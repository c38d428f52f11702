import { secretsIn } from '../domain/credentials/index.ts';
import type { Redactor } from '../domain/redaction/index.ts';

/** One `job_assign` as it came; everything secret about a job is reachable only through its assignment id. */
export interface Assignment {
  readonly jobId: string;
  /** Secret: the bearer token of this assignment. */
  readonly authToken: string;
  readonly tarballUrl: string;
  readonly artifactUploadUrl: string;
  readonly manifest: unknown;
  /** Secret. */
  readonly credentials: unknown;
  readonly receivedAtMs: number;
  /** What it takes to hold it, about. */
  readonly sizeBytes: number;
}

/** What is known of an assignment before it is read, and what is left when its run is over, until the hub has its result. */
export interface Claim extends Omit<Assignment, 'manifest' | 'credentials'> {
  /** What the job is to be signed for, once its manifest was read. */
  readonly platform?: 'macos' | 'ios';
  /** What its manifest calls the app. */
  readonly app?: NamedApp;
  /** When the job had its result, which may wait for the hub long after. */
  readonly concludedAtMs?: number;
}

/** As a manifest names an app. */
export interface NamedApp {
  readonly name: string;
  readonly bundleId: string;
  /** `1.2 (42)`, or the number of the build alone. */
  readonly version: string;
}

/** From the assignment to the result; how long the result waits for the hub is no part of it. */
export const secondsTaken = ({ receivedAtMs, concludedAtMs }: Claim, nowMs: number): number =>
  Math.round(((concludedAtMs ?? nowMs) - receivedAtMs) / 10) / 100;

/**
 * The one place where secrets of running jobs live, in memory, by assignment id. Statecharts, events and logs
 * hold only the id.
 */
export interface Vault {
  /** An assignment came in, and nothing of it but this was read. */
  expect(assignmentId: string, claim: Claim): void;
  put(assignmentId: string, assignment: Assignment): void;
  /** Its manifest was read. */
  noteManifest(assignmentId: string, read: Pick<Claim, 'platform' | 'app'>): void;
  assignment(assignmentId: string): Assignment | undefined;
  claim(assignmentId: string): Claim | undefined;
  /** The job runs already, with the manifest and the credentials of an earlier assignment: those of this one go. */
  adopt(assignmentId: string): void;
  /** The process of its run has manifest and credentials: here they go, and only the token stays. */
  handOver(assignmentId: string): void;
  /** The job has its result. */
  conclude(assignmentId: string, concludedAtMs: number): void;
  /** The run is over: manifest and credentials go; the token stays until `settle`. */
  dropSecrets(assignmentId: string): void;
  /** The hub has the result: nothing is needed any more. */
  settle(assignmentIds: readonly string[]): void;
  readonly size: number;
  /** True for a job whose secrets are here. */
  holds(jobId: string): boolean;
  /** Of the jobs whose secrets are here. */
  readonly heldJobs: number;
  /** Of the assignments whose secrets are here. */
  readonly heldBytes: number;
}

/** @param onSettled told of the assignments that the hub has the result of, known here or not */
export function createVault(
  redactor: Redactor,
  onSettled: (assignmentIds: readonly string[]) => void = () => {},
): Vault {
  const assignments = new Map<string, Assignment>();
  const claims = new Map<string, Claim>();
  const held = new HeldJobs();
  const dropSecrets = (assignmentId: string) => {
    const assignment = assignments.get(assignmentId);
    if (assignment) held.remove(assignment);
    assignments.delete(assignmentId);
  };
  return {
    expect: (assignmentId, claim) => void claims.set(assignmentId, claim),
    put: (assignmentId, assignment) => {
      const { manifest: _manifest, credentials, ...claim } = assignment;
      dropSecrets(assignmentId);
      held.add(assignment);
      assignments.set(assignmentId, assignment);
      claims.set(assignmentId, claim);
      redactor.add(assignmentId, [assignment.authToken, ...secretsIn(credentials)], assignment.jobId);
    },
    noteManifest: (assignmentId, read) => {
      const claim = claims.get(assignmentId);
      if (claim) claims.set(assignmentId, { ...claim, ...read });
    },
    assignment: (assignmentId) => assignments.get(assignmentId),
    claim: (assignmentId) => claims.get(assignmentId),
    adopt: (assignmentId) => {
      const claim = claims.get(assignmentId);
      dropSecrets(assignmentId);
      redactor.forget(assignmentId);
      if (claim) redactor.add(assignmentId, [claim.authToken], claim.jobId);
    },
    handOver: (assignmentId) => {
      const assignment = assignments.get(assignmentId);
      if (!assignment) return;
      held.remove(assignment);
      const handedOver = { ...assignment, manifest: undefined, credentials: undefined, sizeBytes: 0 };
      held.add(handedOver);
      assignments.set(assignmentId, handedOver);
      redactor.forget(assignmentId);
      redactor.add(assignmentId, [assignment.authToken], assignment.jobId);
    },
    conclude: (assignmentId, concludedAtMs) => {
      const claim = claims.get(assignmentId);
      if (claim) claims.set(assignmentId, { concludedAtMs, ...claim });
    },
    dropSecrets,
    settle: (assignmentIds) => {
      for (const assignmentId of assignmentIds) {
        dropSecrets(assignmentId);
        claims.delete(assignmentId);
        redactor.forget(assignmentId);
      }
      onSettled(assignmentIds);
    },
    holds: (jobId) => held.has(jobId),
    get heldJobs() {
      return held.jobs;
    },
    get heldBytes() {
      return held.bytes;
    },
    get size() {
      return claims.size;
    },
  };
}

/** How much is held for how many jobs, without a walk over all of it. */
class HeldJobs {
  readonly #assignmentsOf = new Map<string, number>();
  bytes = 0;

  get jobs(): number {
    return this.#assignmentsOf.size;
  }

  has(jobId: string): boolean {
    return this.#assignmentsOf.has(jobId);
  }

  add({ jobId, sizeBytes }: Assignment): void {
    this.bytes += sizeBytes;
    this.#assignmentsOf.set(jobId, (this.#assignmentsOf.get(jobId) ?? 0) + 1);
  }

  remove({ jobId, sizeBytes }: Assignment): void {
    this.bytes -= sizeBytes;
    const left = (this.#assignmentsOf.get(jobId) ?? 1) - 1;
    if (left === 0) this.#assignmentsOf.delete(jobId);
    else this.#assignmentsOf.set(jobId, left);
  }
}
