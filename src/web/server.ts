import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { contained } from '../contained.ts';
import { answerBy } from './answer.ts';
import { type Feed, turnAway } from './feed.ts';
import { keepPlaces } from './places.ts';
import type { Route } from './route.ts';
import { targetOf } from './target.ts';

export interface WebServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly feeds?: readonly Feed[];
  /** A request could not be answered; the others are. */
  readonly onFault: (error: unknown) => void;
  /** Take the place of those below. */
  readonly limits?: Partial<WebLimits>;
}

export interface WebServer {
  readonly port: number;
  /** Ends the connections and the feeds. */
  close(): Promise<void>;
}

export interface WebLimits {
  /** That ask for something; those beyond take the place of one that does not. */
  readonly maxConnections: number;
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  /** How often the time limits of headers and requests are looked at. */
  readonly connectionsCheckingInterval: number;
  /** How long an answer may stand unread. */
  readonly silenceMs: number;
  /** How long a handler may take. */
  readonly answerMs: number;
}

/** A client that sends its request a byte at a time, or keeps a connection for nothing, is cut off. */
const LIMITS: WebLimits = {
  // browsers open six at a time for requests, and one for each WebSocket
  maxConnections: 128,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  silenceMs: 30_000,
  // what is answered is in memory, or in a file of the state directory
  answerMs: 10_000,
};

/**
 * Serves what the routes and feeds say, on 127.0.0.1 only. It knows nothing of what it serves.
 *
 * @throws Error of node:net when the port cannot be used
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { port, routes, feeds = [], onFault } = options;
  const { maxConnections, silenceMs, answerMs, ...limits } = { ...LIMITS, ...options.limits };
  const http = createServer(limits, (request, response) => {
    answerBy({ routes, onFault, answerMs }, request, response).catch(onFault);
  });
  keepPlaces(http, maxConnections);
  http.timeout = silenceMs;
  http.on('upgrade', contained(admitTo(feeds, onFault), onFault));
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  http.on('error', onFault);
  return { port: (http.address() as AddressInfo).port, close: () => close(http, feeds) };
}

const admitTo =
  (feeds: readonly Feed[], onFault: (error: unknown) => void) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { path } = targetOf(request);
    const feed = feeds.find((each) => each.path === path);
    if (feed) feed.letIn(request, socket, head, onFault);
    else turnAway(socket, '404 Not Found');
  };

async function close(http: Server, feeds: readonly Feed[]): Promise<void> {
  const closed = once(http, 'close');
  for (const feed of feeds) feed.close();
  http.close();
  http.closeAllConnections();
  await closed;
}
