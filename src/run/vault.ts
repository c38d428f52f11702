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

/** What is left of an assignment when its run is over, until the hub has its result. */
export interface Claim extends Omit<Assignment, 'manifest' | 'credentials'> {
  /** When the job had its result, which may wait for the hub long after. */
  readonly concludedAtMs?: number;
}

/** From the assignment to the result; how long the result waits for the hub is no part of it. */
export const secondsTaken = ({ receivedAtMs, concludedAtMs }: Claim, nowMs: number): number =>
  Math.round(((concludedAtMs ?? nowMs) - receivedAtMs) / 10) / 100;

/**
 * The one place where secrets of running jobs live, in memory, by assignment id. Statecharts, events and logs
 * hold only the id.
 */
export interface Vault {
  put(assignmentId: string, assignment: Assignment): void;
  assignment(assignmentId: string): Assignment | undefined;
  claim(assignmentId: string): Claim | undefined;
  /** The job has its result. */
  conclude(assignmentId: string, concludedAtMs: number): void;
  /** The run is over: manifest and credentials go; the token stays until `settle`. */
  dropSecrets(assignmentId: string): void;
  /** The hub has the result: nothing is needed any more. */
  settle(assignmentId: string): void;
  readonly size: number;
  /** Of the assignments whose secrets are here. */
  readonly heldBytes: number;
}

/** @param onSettled told of each assignment that the hub has the result of, known here or not */
export function createVault(redactor: Redactor, onSettled: (assignmentId: string) => void = () => {}): Vault {
  const assignments = new Map<string, Assignment>();
  const claims = new Map<string, Claim>();
  let heldBytes = 0;
  const dropSecrets = (assignmentId: string) => {
    heldBytes -= assignments.get(assignmentId)?.sizeBytes ?? 0;
    assignments.delete(assignmentId);
  };
  return {
    put: (assignmentId, assignment) => {
      const { manifest: _manifest, credentials, ...claim } = assignment;
      heldBytes += assignment.sizeBytes;
      assignments.set(assignmentId, assignment);
      claims.set(assignmentId, claim);
      redactor.add(assignmentId, [assignment.authToken, ...secretsIn(credentials)], assignment.jobId);
    },
    assignment: (assignmentId) => assignments.get(assignmentId),
    claim: (assignmentId) => claims.get(assignmentId),
    conclude: (assignmentId, concludedAtMs) => {
      const claim = claims.get(assignmentId);
      if (claim) claims.set(assignmentId, { concludedAtMs, ...claim });
    },
    dropSecrets,
    settle: (assignmentId) => {
      dropSecrets(assignmentId);
      claims.delete(assignmentId);
      redactor.forget(assignmentId);
      onSettled(assignmentId);
    },
    get heldBytes() {
      return heldBytes;
    },
    get size() {
      return claims.size;
    },
  };
}
