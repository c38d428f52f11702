import type { Redactor } from './domain/redact.ts';

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
}

/** What is left of an assignment when its run is over, until the hub has its result. */
export type Claim = Omit<Assignment, 'manifest' | 'credentials'>;

/**
 * The one place where secrets of running jobs live, in memory, by assignment id. Statecharts, events and logs
 * hold only the id.
 */
export interface Vault {
  put(assignmentId: string, assignment: Assignment): void;
  assignment(assignmentId: string): Assignment | undefined;
  claim(assignmentId: string): Claim | undefined;
  /** The run is over: manifest and credentials go; the token stays until `settle`. */
  dropSecrets(assignmentId: string): void;
  /** The hub has the result: nothing is needed any more. */
  settle(assignmentId: string): void;
  readonly size: number;
}

/** @param onSettled told of each assignment that the hub has the result of, known here or not */
export function createVault(redactor: Redactor, onSettled: (assignmentId: string) => void = () => {}): Vault {
  const assignments = new Map<string, Assignment>();
  const claims = new Map<string, Claim>();
  return {
    put: (assignmentId, assignment) => {
      const { manifest: _manifest, credentials, ...claim } = assignment;
      assignments.set(assignmentId, assignment);
      claims.set(assignmentId, claim);
      redactor.add(assignmentId, [assignment.authToken, ...secretTextsIn(credentials)]);
    },
    assignment: (assignmentId) => assignments.get(assignmentId),
    claim: (assignmentId) => claims.get(assignmentId),
    dropSecrets: (assignmentId) => void assignments.delete(assignmentId),
    settle: (assignmentId) => {
      assignments.delete(assignmentId);
      claims.delete(assignmentId);
      redactor.forget(assignmentId);
      onSettled(assignmentId);
    },
    get size() {
      return claims.size;
    },
  };
}

/** Names of credentials that are public: they appear in certificates and in help texts. */
const PUBLIC_FIELD = /(_team_id|_identity|_key_id|_issuer_id)$/;
/** Longer values are files in base64; they are never printed, and comparing each log line with them is dear. */
const MAX_COMPARED_CHARACTERS = 8_192;

function secretTextsIn(credentials: unknown): string[] {
  if (typeof credentials !== 'object' || credentials === null) return [];
  return Object.entries(credentials).flatMap(([field, value]) =>
    typeof value === 'string' && !PUBLIC_FIELD.test(field) && value.length <= MAX_COMPARED_CHARACTERS
      ? [value]
      : [],
  );
}
