import { type Failure, type FailureKind, renderFailure } from '../machines/contracts/failure.ts';

interface CodeEntry {
  readonly kind: FailureKind;
  readonly retryable: boolean;
  /** One line for the table in the README. */
  readonly meaning: string;
}

const input = (meaning: string): CodeEntry => ({ kind: 'input', retryable: false, meaning });
const host = (meaning: string): CodeEntry => ({ kind: 'host', retryable: false, meaning });
const upstream = (meaning: string): CodeEntry => ({ kind: 'upstream', retryable: true, meaning });
const defect = (meaning: string): CodeEntry => ({ kind: 'defect', retryable: true, meaning });

/** Every code that a job, a command or the daemon can end with. The README's table is kept equal by a test. */
export const failureCodes = {
  // the worker itself
  INTERNAL_ERROR: defect('An error that the worker does not know; the log of the run has the cause.'),
  COMMAND_NOT_FOUND: host('A program that the worker needs is not installed or not on PATH.'),
  CONFIG_INVALID: host('A setting has a value that cannot be used.'),
  // the assignment: manifest and credentials
  MANIFEST_INVALID: input(
    'The manifest of the job lacks a field, or a field has a form that cannot be used.',
  ),
  // the bundle archive
  // the bundle: Info.plist, Mach-O, icons
  // signing identity, provisioning profile, entitlements
  // signing and packaging
  // virtual machine and guest
  // hub: download and upload
  HUB_UNAVAILABLE: upstream('The hub did not answer, or answered with a server error, after every retry.'),
} as const satisfies Record<string, CodeEntry>;

export type FailureCode = keyof typeof failureCodes;

export interface ShipErrorOptions {
  /** What went wrong, with names and values; one sentence. */
  readonly summary: string;
  /** The fact that was seen; one sentence. */
  readonly reason?: string;
  /** The one exact action that mends it; one sentence. */
  readonly nextStep: string;
  readonly cause?: unknown;
  /** For the log only (exit codes, tails of tool output, paths): never sent to the hub. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The only error class that is thrown on purpose: a registered code and three sentences. */
export class ShipError extends Error {
  readonly failure: Failure;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: FailureCode, options: ShipErrorOptions) {
    const { kind, retryable } = failureCodes[code];
    const { summary, reason = '', nextStep } = options;
    const failure = { kind, code, summary, reason, nextStep, retryable };
    super(renderFailure(failure), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ShipError';
    this.failure = failure;
    this.detail = options.detail ?? {};
  }

  get code(): string {
    return this.failure.code;
  }
}
