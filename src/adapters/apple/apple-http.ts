import { ShipError } from '../../errors.ts';
import { readCapped } from '../http/body.ts';
import { type Connection, type HttpHeaders, openConnection } from '../http/connection.ts';
import type { ApiTokens } from './api-token.ts';
import { networkFault, statusFault } from './apple-faults.ts';

export { type AppleErrorText, errorsIn } from './apple-faults.ts';

export interface AppleCall {
  /** Begins a sentence: "The question for the verdict". */
  readonly what: string;
  /** Who answers: "Apple's notary service". */
  readonly service: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Left out for what needs no authorization, and must not get any. */
  readonly tokens?: ApiTokens;
  readonly signal: AbortSignal;
  /** For the whole call; 60 s when left out. */
  readonly timeoutMs?: number;
  /** Of the answer; 1 MiB when left out. */
  readonly maxBytes?: number;
}

export interface AppleAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Buffer;
  /** The body when it is JSON, whatever its content type; `undefined` when it is not. */
  readonly json: unknown;
}

const CALL_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A developer log over 30,000 files has 200,000; a value of two bytes becomes an object of fifty. */
const MAX_JSON_VALUES = 500_000;

/**
 * One question to one of Apple's services. A token that is refused is renewed once. Every other status than those
 * below is the caller's to judge; redirects are not followed.
 *
 * @throws ShipError APPLE_AUTH_REFUSED (401 with a new token; 403) · APPLE_AGREEMENT_MISSING (403) · APPLE_UNAVAILABLE
 * (network, deadline, 408, 425, 429, 5xx: retry, `retryAfterMs` as the answer says) · the signal's reason
 */
export async function askApple(call: AppleCall): Promise<AppleAnswer> {
  const { tokens } = call;
  if (!tokens) return judged(call, await attempt(call, undefined));
  const token = tokens.current();
  const first = await attempt(call, token);
  if (first.status !== 401) return judged(call, first);
  return judged(call, await attempt(call, tokens.renewed(token)));
}

/** @throws ShipError as `askApple`, and APPLE_REFUSED for a status that is not 2xx */
export async function askAppleOk(call: AppleCall): Promise<AppleAnswer> {
  const answer = await askApple(call);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw statusFault(call, answer);
}

/** Whether anybody is there: any answer is enough. @throws ShipError APPLE_UNAVAILABLE (network, deadline) · as above */
export const probeApple = (call: AppleCall): Promise<AppleAnswer> => attempt(call, undefined);

/** The error for an answer that was understood as HTTP and as nothing else. */
export const invalidAnswer = (call: Pick<AppleCall, 'what' | 'service'>, fact: string): ShipError =>
  new ShipError('APPLE_ANSWER_INVALID', {
    summary: `${call.what} was answered in a form that is not known.`,
    reason: `In the answer of ${call.service} ${fact}.`,
    nextStep: "Try again later; if it fails again, look at Apple's system status page.",
  });

export { statusFault as refusal };

function judged(call: AppleCall, answer: AppleAnswer): AppleAnswer {
  const { status } = answer;
  const isFault = status === 401 || status === 403 || status === 408 || status === 425 || status === 429;
  if (isFault || status >= 500) throw statusFault(call, answer);
  return answer;
}

async function attempt(call: AppleCall, token: string | undefined): Promise<AppleAnswer> {
  const timeoutMs = call.timeoutMs ?? CALL_TIMEOUT_MS;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([call.signal, deadline]);
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ signal });
    const response = await connection.request(call.url, requestOptions(call, token));
    const body = await wholeBody(response.body, call);
    return { status: response.statusCode, headers: response.headers, body, json: parsed(body, call) };
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason;
    if (error instanceof ShipError) throw error;
    throw networkFault(call, error, deadline.aborted ? timeoutMs : undefined);
  } finally {
    await connection?.close();
  }
}

function requestOptions(call: AppleCall, token: string | undefined) {
  return {
    method: call.method,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'perry-ship',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(call.json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(call.json !== undefined && { body: JSON.stringify(call.json) }),
  };
}

async function wholeBody(body: AsyncIterable<Buffer>, call: AppleCall): Promise<Buffer> {
  const maxBytes = call.maxBytes ?? MAX_ANSWER_BYTES;
  const { bytes, isWhole } = await readCapped(body, maxBytes);
  if (!isWhole) throw invalidAnswer(call, `there are more than ${maxBytes} bytes`);
  return bytes;
}

function parsed(body: Buffer, call: AppleCall): unknown {
  if (!hasFewValues(body)) throw invalidAnswer(call, `there are more than ${MAX_JSON_VALUES} values`);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

const [COMMA, BRACKET, BRACE] = [0x2c, 0x5b, 0x7b] as const;

/** Each value but the outermost follows one of three characters; those in texts are counted as well. */
function hasFewValues(json: Buffer): boolean {
  let count = 1;
  for (const byte of json) if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  return count <= MAX_JSON_VALUES;
}
