import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault, Faults } from './faults.ts';

/** One request that a route answers. */
export interface Exchange {
  readonly request: IncomingMessage;
  /** As it came, percent-encoding included. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** What the groups of the route's pattern caught, decoded. */
  readonly groups: readonly string[];
  /** A fault that the route itself plays, e.g. `throttled`. */
  readonly fault: Fault | undefined;
  readBody(maxBytes?: number): Promise<Buffer>;
  readJson(): Promise<unknown>;
}

export interface Answer {
  readonly status: number;
  /** Sent as `application/json`. */
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One address of one service. The name is what faults are asked for by. */
export interface Route {
  readonly name: string;
  readonly method: string;
  /** Held against the raw path without the query. */
  readonly path: RegExp;
  /** Faults that `handle` plays itself. */
  readonly ownFaults?: readonly Fault[];
  readonly handle: (exchange: Exchange) => Promise<Answer>;
}

export interface SeenRequest {
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly fault: Fault | undefined;
  readonly hasAuthorization: boolean;
}

/** What the services of the simulator share. */
export interface SimulatorContext {
  /** `http://127.0.0.1:<port>`. */
  readonly baseUrl: () => string;
  /** A folder for uploads. */
  readonly directory: string;
  /** What clients did that Apple's services would not take, or would wonder about. */
  readonly violations: string[];
}

export interface SimulatorCore {
  readonly url: string;
  readonly faults: Faults;
  readonly requests: readonly SeenRequest[];
  stop(): Promise<void>;
}

/** A page such as a proxy shows. */
const PAGE = '<html><body><h1>It works, somehow</h1></body></html>';

/** The HTTP server that all simulated services of Apple live in; loopback only. */
export async function startCore(routes: () => readonly Route[], faults: Faults): Promise<SimulatorCore> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => {});
    request.on('error', () => {});
    serve(routes(), faults, requests, request, response).catch((error: unknown) => {
      console.error('apple simulator:', error);
      send(response, { status: 500, text: 'Internal error' });
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  routes: readonly Route[],
  faults: Faults,
  requests: SeenRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [rawPath = '', query = ''] = (request.url ?? '').split('?');
  const method = request.method ?? '';
  const route = routes.find((each) => each.method === method && each.path.test(rawPath));
  if (!route) return send(response, { status: 404, json: { errors: [notFound(rawPath)] } });
  const fault = faults.take(route.name);
  const hasAuthorization = request.headers.authorization !== undefined;
  requests.push({ route: route.name, method, path: rawPath, fault, hasAuthorization });
  const own = fault !== undefined && route.ownFaults?.includes(fault);
  if (fault === 'hung') return;
  if (fault === 'refused') return void request.socket.destroy();
  const early = own ? undefined : earlyAnswer(fault);
  if (early) return drained(request, () => send(response, early));
  const groups = (route.path.exec(rawPath) ?? []).slice(1).map(decodeURIComponent);
  const exchange: Exchange = {
    ...{ request, rawPath, query: new URLSearchParams(query), groups, fault: own ? fault : undefined },
    readBody: (maxBytes) => readBody(request, maxBytes),
    readJson: async () => parsed(await readBody(request)),
  };
  const answer = await route.handle(exchange);
  if (fault === 'servedLost') return void request.socket.destroy();
  if (fault === 'servedError') return send(response, { status: 500, text: 'Internal error' });
  if (fault === 'slow') return sendSlowly(response, answer);
  if (fault === 'octetStream')
    return send(response, {
      ...answer,
      headers: { ...answer.headers, 'content-type': 'application/octet-stream' },
    });
  send(response, answer);
}

const notFound = (path: string) => ({
  id: '0',
  status: '404',
  code: 'NOT_FOUND',
  title: 'The specified resource does not exist',
  detail: `The path provided does not match a defined resource type: ${path}`,
});

const appleError = (status: string, code: string, title: string, detail: string) => ({
  errors: [{ id: '5b2c1f0e-0000-4000-8000-000000000000', status, code, title, detail }],
});

function earlyAnswer(fault: Fault | undefined): Answer | undefined {
  switch (fault) {
    case 'unauthorized':
      return unauthorized;
    case 'unauthorizedText':
      return { status: 401, text: 'Unauthenticated\n\nRequest ID: SIMULATED.0.0\n' };
    case 'agreement':
      return {
        status: 403,
        json: appleError(
          '403',
          'FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED',
          'A required agreement is missing or has expired.',
          'This request requires an in-effect agreement that has not been signed or has expired.',
        ),
      };
    case 'tooMany':
      return { ...rateLimited, headers: { 'retry-after': '1' } };
    case 'tooManyBare':
      return rateLimited;
    case 'serverError':
      return {
        status: 500,
        json: appleError('500', 'UNEXPECTED_ERROR', 'An unexpected error occurred.', ''),
      };
    case 'unavailable':
      return { status: 503, text: PAGE, headers: { 'content-type': 'text/html' } };
    case 'missing':
      return { status: 404, json: { errors: [notFound('')] } };
    case 'mismatch':
      return {
        status: 409,
        json: appleError(
          '409',
          'STATE_ERROR.VALIDATION_ERROR',
          'Validation error',
          'Info.plist value mismatch',
        ),
      };
    case 'garbage':
      return { status: 200, text: PAGE, headers: { 'content-type': 'text/html' } };
    default:
      return undefined;
  }
}

/** As many rows as are asked for, from the place that the cursor names, and the address of the next page. */
export function pageOf(rows: readonly unknown[], query: URLSearchParams): Answer {
  const [limit, start] = [Number(query.get('limit') ?? 20), Number(query.get('cursor') ?? 0)];
  const end = start + limit;
  const next = `https://elsewhere.example/v1/any?limit=${limit}&cursor=${end}`;
  const links = { self: 'https://elsewhere.example', ...(end < rows.length && { next }) };
  return { status: 200, json: { data: rows.slice(start, end), links } };
}

export const ok = (data: unknown, status = 200): Answer => ({ status, json: { data } });

/** An answer of App Store Connect that objects to something. */
export const refused = (status: number, code: string, detail: string): Answer => ({
  status,
  json: appleError(String(status), code, 'The request failed', detail),
});

export const unauthorized: Answer = {
  status: 401,
  json: appleError(
    '401',
    'NOT_AUTHORIZED',
    'Authentication credentials are missing or invalid.',
    'Provide a properly configured and signed bearer token, and make sure that it has not expired.',
  ),
};

const rateLimited: Answer = {
  status: 429,
  json: appleError('429', 'RATE_LIMIT_EXCEEDED', 'The request rate limit has been reached.', ''),
};

/** An answer while the body still comes would break the connection before the client sees it. */
function drained(request: IncomingMessage, then: () => void): void {
  request.on('end', then).resume();
}

function send(response: ServerResponse, { status, json, text, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const body = json === undefined ? (text ?? '') : JSON.stringify(json);
  const type = json === undefined ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
}

function sendSlowly(response: ServerResponse, { status, json, text, headers }: Answer): void {
  const body = Buffer.from(json === undefined ? (text ?? '') : JSON.stringify(json));
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  const piece = (at: number): void => {
    if (at >= body.length || response.destroyed) return void response.end();
    response.write(body.subarray(at, at + 7));
    setImmediate(piece, at + 7);
  };
  piece(0);
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

async function readBody(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes <= maxBytes) pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
