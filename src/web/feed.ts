import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { createActor } from 'xstate';
import { viewerWatchLimits } from '../../machines/viewer-watch/limits.ts';
import { viewerWatchMachine } from '../../machines/viewer-watch/machine.ts';
import { contained } from '../contained.ts';
import { mayWatch } from './access.ts';
import { targetOf } from './target.ts';

export interface Viewer {
  /** It reads what it is sent; false while what is sent would be left out. */
  readonly keepsUp: boolean;
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
  /** Take the place of those in `machines/viewer-watch`, in milliseconds. */
  readonly watchLimits?: Partial<Record<keyof typeof viewerWatchLimits, number>>;
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
/** So many more are told at a time that there is no room; others are told by the status of HTTP, which a page does not see. */
const MAX_TURNED_BACK = 16;
/** "Try again later", of the registry of RFC 6455. */
const NO_ROOM = 1013;
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
  const watching = new Set<WebSocket>();
  const receive = (opened: WebSocket, onFault: (error: unknown) => void) => {
    opened.on('error', () => {});
    if (watching.size >= MAX_VIEWERS) return opened.close(NO_ROOM, `There are ${MAX_VIEWERS} viewers.`);
    watching.add(opened);
    opened.on('close', () => watching.delete(opened));
    letGoOfTheSilent(opened, options.watchLimits);
    welcome(opened, options, onFault);
  };
  return {
    path: options.path,
    get viewers() {
      return watching.size;
    },
    broadcast: (text) => {
      for (const socket of watching) sendTo(socket, text);
    },
    letIn: (request, socket, head, onFault) => {
      const headers = { ...request.headers, host: targetOf(request).host };
      if (!mayWatch(headers, options.origins)) return turnAway(socket, '403 Forbidden');
      if (server.clients.size >= MAX_VIEWERS + MAX_TURNED_BACK)
        return turnAway(socket, '503 Service Unavailable');
      server.handleUpgrade(request, socket, head, (opened) => receive(opened, onFault));
    },
    close: () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

function letGoOfTheSilent(socket: WebSocket, limits: FeedOptions['watchLimits']): void {
  const watch = createActor(viewerWatchMachine.provide({ delays: { ...viewerWatchLimits, ...limits } }));
  watch.on('ping.due', () => socket.ping());
  watch.subscribe({ complete: () => socket.terminate() });
  socket.on('pong', () => watch.send({ type: 'viewer.answered' }));
  socket.on('close', () => watch.stop());
  watch.start();
}

function welcome(
  socket: WebSocket,
  { joined, left, heard }: FeedOptions,
  onFault: (error: unknown) => void,
): void {
  const viewer: Viewer = {
    get keepsUp() {
      return keepsUp(socket);
    },
    send: (text) => sendTo(socket, text),
  };
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

const keepsUp = ({ readyState, bufferedAmount }: WebSocket): boolean =>
  readyState === WebSocket.OPEN && bufferedAmount < MAX_UNREAD_BYTES;

function sendTo(socket: WebSocket, text: string): void {
  if (keepsUp(socket)) socket.send(text);
}

/** Before the connection has become a WebSocket. */
export function turnAway(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}
