import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopbackName, whyNotChange } from './access.ts';
import { readJson } from './read-json.ts';
import { type Found, findRoute, type Route, text, type WebAnswer } from './route.ts';
import { targetOf } from './target.ts';

/** A page brings a policy of its own; nothing else may load anything, or be shown inside another page. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export interface Answering {
  readonly routes: readonly Route[];
  readonly onFault: (error: unknown) => void;
  readonly answerMs: number;
}

/** Answers one request by the first route that fits. */
export async function answerBy(
  { routes, onFault, answerMs }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = patienceWith(response, answerMs);
  try {
    send(response, await answerTo(routes, request, signal));
  } catch (error) {
    // nobody waits for the answer to a request that broke off
    if (response.destroyed) return;
    onFault(error);
    send(response, signal.aborted ? text(503, TOO_SLOW) : text(500, BROKEN));
  }
}

const TOO_SLOW = 'The answer takes too long: try again, and see the log of the daemon.\n';
const BROKEN = 'This could not be answered: the cause is in the log of the daemon.\n';

/** Until the time is over, or nobody waits any more. */
function patienceWith(response: ServerResponse, answerMs: number): AbortSignal {
  const gone = new AbortController();
  const deadline = AbortSignal.timeout(answerMs);
  const stop = () => gone.abort(deadline.reason);
  deadline.addEventListener('abort', stop, { once: true });
  response.once('close', () => {
    deadline.removeEventListener('abort', stop);
    gone.abort();
  });
  return gone.signal;
}

async function answerTo(
  routes: readonly Route[],
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<WebAnswer> {
  const { host, path, query } = targetOf(request);
  if (!isLoopbackName(host)) return text(421, 'This page is for 127.0.0.1 only.\n');
  const found = findRoute(routes, path);
  if (!found) return text(404, 'Nothing is here.\n');
  return byMethod(found, request, new URLSearchParams(query), signal);
}

async function byMethod(
  { route, params }: Found,
  request: IncomingMessage,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<WebAnswer> {
  const { get, post } = route;
  const { method, headers } = request;
  if (get && (method === 'GET' || method === 'HEAD'))
    return inTime(signal, get({ params, query, body: undefined, signal }));
  if (!post || method !== 'POST') return notAllowed(route);
  const refusal = whyNotChange({ ...headers, host: targetOf(request).host });
  if (refusal !== undefined) return text(403, `${refusal}\n`);
  const read = await readJson(request, signal);
  if ('refused' in read) return read.refused;
  return inTime(signal, post({ params, query, body: read.value, signal }));
}

/** A handler that does not heed its signal is left behind. */
function inTime(signal: AbortSignal, work: WebAnswer | Promise<WebAnswer>): WebAnswer | Promise<WebAnswer> {
  if (!(work instanceof Promise)) return work;
  const late = new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  return Promise.race([work, late]);
}

function notAllowed({ get, post }: Route): WebAnswer {
  const allow = [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])].join(', ');
  return { ...text(405, `Ask with ${allow}.\n`), headers: { allow } };
}

function send(response: ServerResponse, { status = 200, type, body, headers }: WebAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, {
    ...HEADERS,
    'content-type': type,
    'content-length': bytes.length,
    ...headers,
  });
  // node leaves out the body where there may be none
  response.end(bytes);
}
