import {
  type Audience,
  forAudience,
  type Said,
  type Sentences,
  say,
  type Text,
  TRY_AGAIN_OR_REPORT,
} from './wording.ts';

/**
 * A failure as plain data: what crosses every boundary (actor, hub, page, log) when something went wrong.
 * Errors are turned into this form where they are made; machines never hold an `Error`.
 */

/** Who must act: the job's sender, the operator of this host, Apple or the hub (wait and retry), or we. */
export type FailureKind = 'input' | 'host' | 'upstream' | 'defect';

/**
 * The sentences: what went wrong, with the names and values · the fact that was seen · the one exact action that fixes
 * it.
 */
export interface Failure extends Said {
  readonly kind: FailureKind;
  /** Registered in `src/failure-codes.ts`, e.g. `P12_PASSWORD_WRONG`. */
  readonly code: string;
  /** True when the same input may succeed later without a change. */
  readonly retryable: boolean;
  /** What the other side asked us to wait before the next attempt. */
  readonly retryAfterMs?: number;
}

/** The sentence(s) shown to a person. */
export function renderFailure(failure: Said, audience: Audience = 'hub'): string {
  const { summary, reason, nextStep } = forAudience(failure, audience);
  return [summary, reason, nextStep].filter((part) => part !== '').join(' ');
}

/** A failure whose sentences differ by who reads them. */
export const failureOf = ({
  summary,
  reason,
  nextStep,
  ...facts
}: Omit<Failure, keyof Said> & Sentences<Text>): Failure => ({
  ...facts,
  ...say({ summary, reason, nextStep }),
});

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'code' in value && 'summary' in value && 'kind' in value;

/** Wherever a disk turns out to be full: the operator can fix it, and trying again at once is of no use. */
const DISK_FULL: Failure = {
  kind: 'host',
  code: 'DISK_FULL',
  ...say({
    summary: 'The disk is full.',
    reason: 'The system had no room for a file of perry-ship.',
    nextStep: 'Free space on the disks of the state directory and of the temporary files, then try again.',
  }),
  retryable: false,
};

/** What the file system refuses, by the system's code. */
const REFUSALS: Readonly<Record<string, string>> = {
  EROFS: 'it can only be read',
  EIO: 'its device did not do what was asked of it',
};
/** Others may be refused to this user as well, such as a program or a port: these calls are made of files alone. */
const FILE_CALLS = [
  'open',
  'mkdir',
  'mkdtemp',
  'rename',
  'link',
  'symlink',
  'unlink',
  'rmdir',
  'chmod',
  'scandir',
];
const FORBIDDEN = ['EACCES', 'EPERM'];

/** The folder is named by those who know whose it is: this may reach the sender of a job. */
const diskRefused = (code: string, why: string): Failure => ({
  kind: 'host',
  code: 'DISK_REFUSED',
  ...say({
    summary: 'The disk refused a file of perry-ship.',
    reason: `The system said ${code} of its file system: ${why}.`,
    nextStep:
      'Make the state directory (PERRY_STATE_DIR) and the folder of temporary files writable for perry-ship, then try again.',
  }),
  retryable: false,
});

const MAX_CAUSES = 4;

/** What the system said of the disk, in the error or in what it was caused by. */
function failureOfDisk(thrown: unknown, depth = 0): Failure | undefined {
  if (typeof thrown !== 'object' || thrown === null || depth > MAX_CAUSES) return undefined;
  const { code, syscall, cause } = thrown as Readonly<Record<'code' | 'syscall' | 'cause', unknown>>;
  if (code === 'ENOSPC' || code === 'EDQUOT') return DISK_FULL;
  if (typeof code === 'string' && typeof syscall === 'string') {
    const why = REFUSALS[code];
    if (why !== undefined) return diskRefused(code, why);
    if (FORBIDDEN.includes(code) && FILE_CALLS.includes(syscall))
      return diskRefused(code, 'this user may not do that there');
  }
  return failureOfDisk(cause, depth + 1);
}

/** An error that nobody has foreseen. */
const UNKNOWN: Failure = {
  kind: 'defect',
  code: 'INTERNAL_ERROR',
  ...say({
    summary: 'perry-ship met an error that it does not know.',
    reason: 'The cause is in its log.',
    nextStep: TRY_AGAIN_OR_REPORT,
  }),
  retryable: true,
};

/**
 * Reads the failure out of anything that was thrown. What carries none is a defect of ours: its text stays in
 * the log (the text of an unknown error may hold a path or a secret) and is not part of the result.
 */
export function toFailure(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  const carried = (thrown as { failure?: unknown } | null | undefined)?.failure;
  if (isFailure(carried)) return carried;
  return failureOfDisk(thrown) ?? UNKNOWN;
}
