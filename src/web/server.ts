import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { contained } from '../contained.ts';
import { answerBy } from './answer.ts';
import { type Feed, turnAway } from './feed.ts';
import type { Route } from './route.ts';

export interface WebServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly feeds?: readonly Feed[];
  /** A request could not be answered; the others are. */
  readonly onFault: (error: unknown) => void;
}

export interface WebServer {
  readonly port: number;
  /** Ends the connections and the feeds. */
  close(): Promise<void>;
}

/** Browsers open six at a time, and a viewer's WebSocket is one as well. */
const MAX_CONNECTIONS = 128;

/** A client that sends its request a byte at a time, or keeps a connection for nothing, is cut off. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  /** How often the two time limits above are looked at. */
  connectionsCheckingInterval: 2_000,
} as const;

/** As long as an answer may stand unread. */
const SILENCE_MS = 30_000;

/**
 * Serves what the routes and feeds say, on 127.0.0.1 only. It knows nothing of what it serves.
 *
 * @throws Error of node:net when the port cannot be used
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { port, routes, feeds = [], onFault } = options;
  const http = createServer(LIMITS, (request, response) => {
    answerBy(routes, request, response, onFault).catch(onFault);
  });
  http.maxConnections = MAX_CONNECTIONS;
  http.timeout = SILENCE_MS;
  http.on('upgrade', contained(admitTo(feeds, onFault), onFault));
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  http.on('error', onFault);
  return { port: (http.address() as AddressInfo).port, close: () => close(http, feeds) };
}

const admitTo =
  (feeds: readonly Feed[], onFault: (error: unknown) => void) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const [path] = (request.url ?? '').split('?');
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
