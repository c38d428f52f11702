import { withDeadline } from '../../../deadline.ts';
import { basic } from '../../guest/basic.ts';
import { readCapped } from '../../http/body.ts';
import { type Connection, type HttpAnswer, keptConnections, openConnection } from '../../http/connection.ts';
import { answerNotUnderstood, refused, unanswered } from './failures.ts';
import type { OrchardSettings } from './options.ts';
import { trustOf } from './trust.ts';

/** The controller answers from its own data base. */
const CALL_TIMEOUT_MS = 10_000;
/** A machine is about one thousand bytes; the event loop must not stand still for a longer answer. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** The shortest rows fill an answer with a million, each of which costs more than its bytes. */
const MAX_ROWS = 10_000;

export interface OrchardCall {
  /** Begins a sentence: "The question for the workers". */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1`. */
  readonly path: string;
  readonly json?: unknown;
  /** Statuses beside 200 that are the caller's to judge. */
  readonly judges?: readonly number[];
  readonly signal: AbortSignal;
}

export interface OrchardAnswer {
  readonly status: number;
  /** `undefined` for a body that is empty, no JSON, or larger than the answer for any cluster. */
  readonly json: unknown;
  /** What the clock of the controller has said, in milliseconds. */
  readonly clockMs?: number;
}

/** The REST API of the controller. */
export interface OrchardApi {
  /**
   * One question; its answer has the status 200, or one that the caller judges.
   *
   * @throws ShipError CLUSTER_UNREACHABLE (network, deadline, 5xx: whether it was done is not known) ·
   *   CLUSTER_CERTIFICATE_REFUSED (nothing was sent) · CLUSTER_REFUSED (401, and what else is no success) ·
   *   CLUSTER_ANSWER_INVALID (3xx and 404: whoever answers is no controller) · the signal's reason
   */
  ask(call: OrchardCall): Promise<OrchardAnswer>;
}

type ApiSettings = Pick<OrchardSettings, 'url' | 'serviceAccount' | 'token' | 'ca' | 'fingerprint'>;

/** @param url - of the controller, with the prefix of its API where it has one (`--api-prefix`) */
export function endpointOf(url: string, path: string): URL {
  const { origin, pathname } = new URL(url);
  // not as a reference to be resolved: a prefix that begins with "//" would name another host
  return new URL(`${origin}${pathname.replace(/\/$/, '')}/v1${path}`);
}

export function orchardApi(settings: ApiSettings): OrchardApi {
  const tls = trustOf(settings);
  const headers = {
    authorization: basic(settings.serviceAccount, settings.token),
    // one that begins with "Orchard/0" changes what a request means
    'user-agent': 'perry-ship',
    accept: 'application/json',
  };
  const ask = keptConnections(tls);
  /** Over a connection of its own: what fails over one that the controller has closed may have been done, or not. */
  const change = async ({ method, path, json, signal }: OrchardCall): Promise<OrchardAnswer> => {
    let connection: Connection | undefined;
    try {
      connection = await openConnection({ signal, tls });
      const answer = await connection.request(endpointOf(settings.url, path), {
        method,
        headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
      return await read(answer);
    } finally {
      await connection?.close();
    }
  };
  const attempt = async (call: OrchardCall): Promise<OrchardAnswer> => {
    const { method, path, signal } = call;
    return method === 'GET'
      ? read(await ask(endpointOf(settings.url, path), { method, headers, signal }))
      : change(call);
  };
  return {
    ask: async (call) => {
      call.signal.throwIfAborted();
      const signal = withDeadline(call.signal, CALL_TIMEOUT_MS);
      const answer = await attempt({ ...call, signal }).catch((cause) => {
        throw call.signal.aborted ? call.signal.reason : unanswered(call.what, cause);
      });
      return judged(call, answer);
    },
  };
}

async function read({ statusCode, headers, body }: HttpAnswer): Promise<OrchardAnswer> {
  const { bytes, isWhole } = await readCapped(body, MAX_ANSWER_BYTES);
  const clockMs = Date.parse(String(headers.date));
  return {
    ...{ status: statusCode, json: isWhole ? parsed(bytes) : undefined },
    ...(!Number.isNaN(clockMs) && { clockMs }),
  };
}

/** Of whoever asks: they heal when the operator changes something. */
const REFUSALS = [401, 403, 407];
/** Not now. */
const PASSING = [408, 425, 429];

function judged(call: OrchardCall, answer: OrchardAnswer): OrchardAnswer {
  const { status } = answer;
  if (status === 200 || call.judges?.includes(status)) return answer;
  if (status >= 500 || PASSING.includes(status)) throw unanswered(call.what, undefined, status);
  if (REFUSALS.includes(status)) throw refused(call.what, status);
  // the controller takes every question of ours: another one answers
  const isForeign = call.method === 'GET' || status < 400 || status === 404;
  throw isForeign ? answerNotUnderstood(call.what) : refused(call.what, status);
}

function parsed(bytes: Buffer): unknown {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    return Array.isArray(json) && json.length > MAX_ROWS ? undefined : json;
  } catch {
    return undefined;
  }
}
