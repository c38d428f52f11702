import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { contained } from '../contained.ts';
import { type InspectPage, inspectPage } from './inspect-page.ts';
import { isLoopbackName, mayWatch } from './relay-access.ts';

export interface RelayServerOptions {
  readonly port: number;
  /** What makes the machines, as the page says it. */
  readonly machines: string;
  /** What a new viewer is told first. */
  readonly greeting: () => readonly string[];
  /** A request could not be answered; the others are. */
  readonly onFault: (error: unknown) => void;
}

export interface RelayServer {
  readonly port: number;
  broadcast(text: string): void;
  close(): Promise<void>;
}

const MAX_VIEWERS = 16;
/** A viewer that does not keep up misses messages; the daemon does not keep them for it. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** Viewers only listen. */
const MAX_HEARD_BYTES = 1_024;

/** The page and the WebSocket of the inspector, on 127.0.0.1. */
export async function startRelayServer({
  port,
  machines,
  greeting,
  onFault,
}: RelayServerOptions): Promise<RelayServer> {
  const page = inspectPage(machines);
  const http = createServer(
    contained(
      (request: IncomingMessage, response: ServerResponse) => serve(request, response, page),
      onFault,
    ),
  );
  const viewers = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_HEARD_BYTES,
    perMessageDeflate: false,
  });
  const letIn = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!mayWatch(request.headers) || viewers.clients.size >= MAX_VIEWERS) return void socket.destroy();
    viewers.handleUpgrade(request, socket, head, (viewer) => {
      viewer.on('error', () => {});
      for (const text of greeting()) viewer.send(text);
    });
  };
  http.on('upgrade', contained(letIn, onFault));
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  http.on('error', () => {});
  return {
    port: (http.address() as AddressInfo).port,
    broadcast: (text) => {
      for (const viewer of viewers.clients)
        if (viewer.readyState === WebSocket.OPEN && viewer.bufferedAmount < MAX_UNREAD_BYTES)
          viewer.send(text);
    },
    close: async () => {
      const closed = once(http, 'close');
      for (const viewer of viewers.clients) viewer.terminate();
      viewers.close();
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

function serve({ headers, method, url }: IncomingMessage, response: ServerResponse, page: InspectPage): void {
  if (!isLoopbackName(headers.host)) answer(response, 421, 'This page is for 127.0.0.1 only.\n');
  else if (method !== 'GET' || url !== '/') answer(response, 404, 'There is only /.\n');
  else showPage(response, page);
}

function showPage(response: ServerResponse, { html, contentSecurityPolicy }: InspectPage): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(html);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
