import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { contained } from '../contained.ts';
import { mayWatch } from './access.ts';

export interface Viewer {
  /** Text is left out for a viewer that does not keep up. */
  send(text: string): void;
}

export interface FeedOptions {
  /** Of the WebSocket, e.g. `/live`. */
  readonly path: string;
  /** Pages of other sites that may watch as well. */
  readonly origins?: readonly string[];
  /** Somebody has come, who has been told nothing yet. */
  readonly joined: (viewer: Viewer) => void;
  readonly left?: (viewer: Viewer) => void;
  /** A message of a viewer, at most 1 KiB of text: hostile until parsed. Without it, messages are ignored. */
  readonly heard?: (viewer: Viewer, text: string) => void;
}

/** A WebSocket that any number of viewers watch. */
export interface Feed {
  readonly path: string;
  readonly viewers: number;
  broadcast(text: string): void;
  /** For the server. */
  letIn(request: IncomingMessage, socket: Duplex, head: Buffer, onFault: (error: unknown) => void): void;
  close(): void;
}

const MAX_VIEWERS = 16;
/** A viewer that does not keep up misses messages; the daemon does not keep them for it. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** Viewers listen, and say at most what they want to see. */
const MAX_HEARD_BYTES = 1_024;

export function createFeed(options: FeedOptions): Feed {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_HEARD_BYTES,
    perMessageDeflate: false,
  });
  return {
    path: options.path,
    get viewers() {
      return server.clients.size;
    },
    broadcast: (text) => {
      for (const socket of server.clients) sendTo(socket, text);
    },
    letIn: (request, socket, head, onFault) => {
      if (!mayWatch(request.headers, options.origins)) return turnAway(socket, '403 Forbidden');
      if (server.clients.size >= MAX_VIEWERS) return turnAway(socket, '503 Service Unavailable');
      server.handleUpgrade(request, socket, head, (opened) => welcome(opened, options, onFault));
    },
    close: () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

function welcome(
  socket: WebSocket,
  { joined, left, heard }: FeedOptions,
  onFault: (error: unknown) => void,
): void {
  const viewer: Viewer = { send: (text) => sendTo(socket, text) };
  socket.on('error', () => {});
  if (left)
    socket.on(
      'close',
      contained(() => left(viewer), onFault),
    );
  if (heard)
    socket.on(
      'message',
      contained((data, isBinary) => {
        if (!isBinary) heard(viewer, String(data));
      }, onFault),
    );
  contained(joined, onFault)(viewer);
}

function sendTo(socket: WebSocket, text: string): void {
  if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MAX_UNREAD_BYTES) socket.send(text);
}

/** Before the connection has become a WebSocket. */
export function turnAway(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}
