import { type Failure, renderFailure } from '../machines/contracts/failure.ts';
import { say, type Text, textFor } from '../machines/contracts/wording.ts';
import { type FailureCode, failureCodes } from './failure-codes.ts';

export { type FailureCode, failureCodes };

export interface ShipErrorOptions {
  /** What went wrong, with names and values; one sentence. */
  readonly summary: Text;
  /** The fact that was seen; one sentence. What a tool or Apple was to say can be empty: the meaning of the code then. */
  readonly reason: Text;
  /** The one exact action that fixes it; one sentence. */
  readonly nextStep: Text;
  readonly cause?: unknown;
  /** For the log only (exit codes, tails of tool output, paths): never sent to the hub. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** What the other side asked us to wait before the next attempt. */
  readonly retryAfterMs?: number;
}

const orElse = (text: Text, other: string): Text => ({
  hub: textFor(text, 'hub').trim() || other,
  terminal: textFor(text, 'terminal').trim() || other,
});

/** The only error class that is thrown on purpose: a registered code and three sentences. */
export class ShipError extends Error {
  readonly failure: Failure;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: FailureCode, options: ShipErrorOptions) {
    const { kind, retryable, meaning } = failureCodes[code];
    const { summary, nextStep } = options;
    const reason = orElse(options.reason, meaning);
    const { retryAfterMs } = options;
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    const failure = { kind, code, ...say({ summary, reason, nextStep }), retryable, ...wait };
    super(renderFailure(failure), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ShipError';
    this.failure = failure;
    this.detail = options.detail ?? {};
  }

  get code(): string {
    return this.failure.code;
  }
}
