import type { Readable } from 'node:stream';
import { ShipError } from '../../errors.ts';
import { readCapped } from '../http/body.ts';
import { type Connection, type ConnectionOptions, openConnection } from '../http/connection.ts';
import { describeNetworkFault } from './network-fault.ts';
import { wireText } from './wire-text.ts';

/** The hub decodes a whole upload on its one event loop before it answers; proxies add their own wait. */
const ANSWER_TIMEOUT_MS = 5 * 60_000;
/** Silence inside a body. */
const IDLE_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** A connection to the hub, for one request. */
export const openHubConnection = (
  signal: AbortSignal,
  options: Pick<ConnectionOptions, 'answerTimeoutMs' | 'onFlushed'> = {},
): Promise<Connection> =>
  openConnection({ signal, answerTimeoutMs: ANSWER_TIMEOUT_MS, idleTimeoutMs: IDLE_TIMEOUT_MS, ...options });

/** What a hub says besides the status; the body of an error is `{"error":{"code","message"}}`. */
export interface HubAnswer {
  readonly status: number;
  /** Code in the body, when it is the hub's own error; a proxy's page has none. */
  readonly code: string;
  /** The start of the body, printable and without the token, for the log. */
  readonly excerpt: string;
  /** The body, when it is a JSON object of bearable size. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Reads an answer to its end, or to as much of it as anybody needs. */
export async function readAnswer(status: number, body: Readable, token?: string): Promise<HubAnswer> {
  const text = (await readCapped(body, MAX_ANSWER_BYTES)).bytes.toString('utf8');
  const json = jsonObject(text);
  const error = (json.error ?? {}) as { code?: unknown };
  return {
    status,
    code: typeof error.code === 'string' ? error.code : '',
    excerpt: wireText(text, 500, (raw) => (token ? raw.replaceAll(token, '[token]') : raw)),
    json,
  };
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Anything that ended a transfer, as what the caller may see: the signal's reason, or a `ShipError`. */
export function transferFailure(what: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ShipError) return error;
  return new ShipError('HUB_UNAVAILABLE', {
    summary: `${what} was interrupted.`,
    ...describeNetworkFault(error),
    cause: error,
  });
}

const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** The error for a status that is not the wanted one; `what` begins a sentence, e.g. "The download of the bundle". */
export function statusFailure(what: string, url: URL, answer: HubAnswer): ShipError {
  const { status, code, excerpt } = answer;
  const detail = { status, code, excerpt, host: url.host };
  if (status === 403) return notOurs(what, 'The hub does not accept the token of the job any more.', detail);
  if (status >= 500 || RETRYABLE_STATUSES.has(status)) {
    return new ShipError('HUB_UNAVAILABLE', {
      summary: `${what} failed for now.`,
      reason: `The hub ${url.host} answered with HTTP status ${status}.`,
      nextStep: 'Try again in a few minutes; if it keeps failing, look at the log of the hub.',
      detail,
    });
  }
  return new ShipError('HUB_REFUSED', {
    summary: `${what} was refused.`,
    reason: `The server at ${url.host} answered with HTTP status ${status}${meaning(status)}.`,
    nextStep: nextStepFor(status),
    detail,
  });
}

export const notOurs = (what: string, reason: string, detail: Readonly<Record<string, unknown>>): ShipError =>
  new ShipError('HUB_JOB_NOT_OURS', {
    summary: `${what} was refused because the job belongs to this run no longer.`,
    reason,
    nextStep:
      'Nothing needs to be done: the run is dropped, and the hub gives the job out again if it is needed.',
    detail,
  });

function meaning(status: number): string {
  if (status >= 300 && status < 400) return ' (a redirect, which is not followed)';
  return status === 413 ? ' (too large)' : '';
}

function nextStepFor(status: number): string {
  if (status === 413)
    return 'Raise the body limit of the proxy in front of the hub, or make the app smaller.';
  return 'Check PERRY_HUB_HTTP_URL of this worker, PERRY_HUB_PUBLIC_URL of the hub, and the proxy between them.';
}
