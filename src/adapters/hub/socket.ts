import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { contained } from '../../contained.ts';
import { ShipError } from '../../errors.ts';
import { describeNetworkFault } from './network-fault.ts';
import { configuredUrl } from './url-policy.ts';
import { cutUtf8, wireText } from './wire-text.ts';

/** What the hub's own runtime takes as one message. One that we do not read is answered, so it must come in first. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Backstop of the library when nobody calls `terminate()` after `close()`. */
const CLOSE_HANDSHAKE_MS = 10_000;

/** How a connection ended. */
export interface HubSocketEnd {
  /** Close code of RFC 6455; 1005 = the other side gave none, 1006 = there was no closing handshake. */
  readonly code: number;
  /** Plain words, one sentence. */
  readonly reason: string;
  /** True when both sides took leave; the hub then frees the entry of this worker. */
  readonly clean: boolean;
}

export interface OpenHubSocketOptions {
  readonly url: string;
  /** Aborting gives up the attempt, or terminates the connection. */
  readonly signal: AbortSignal;
  /** From the first look-up to the end of the WebSocket handshake. */
  readonly handshakeTimeoutMs: number;
  /** One call for each text frame, unchecked; binary frames are not part of the protocol and are left out. */
  readonly onMessage: (frame: Buffer) => void;
  readonly onPong: (payload: string) => void;
  /** Exactly once for a connection that was open, never for one that was not. */
  readonly onClose: (end: HubSocketEnd) => void;
  /** A callback threw; the connection goes on. */
  readonly onFault: (error: unknown) => void;
}

/** One open connection. It has no clock of its own: who holds it decides on pings, patience and the next try. */
export interface HubSocket {
  /**
   * Resolves when the frame has left for the kernel; rejects with HUB_CONNECTION_LOST when it never will.
   * That is not yet proof that the hub has read it.
   */
  send(text: string): Promise<void>;
  /** At most 125 bytes; nothing happens on a connection that is ending. */
  ping(payload?: string): void;
  /** Starts the closing handshake; `onClose` follows. */
  close(code?: number): void;
  /** Ends the connection at once, without a farewell; `onClose` follows. */
  terminate(): void;
  /** Reads no more until `resume`: the hub has to wait. */
  pause(): void;
  resume(): void;
  /** When the last frame of any kind came in, as `Date.now()` counts. */
  readonly lastFrameAtMs: number;
}

/**
 * One attempt to connect to the hub: no compression, no redirects, no headers of ours (the hub authenticates
 * by its first message).
 *
 * @throws ShipError HUB_UNREACHABLE (refused, DNS, TLS, timeout, HTTP status) · CONFIG_INVALID · the signal's reason
 */
export async function openHubSocket(options: OpenHubSocketOptions): Promise<HubSocket> {
  options.signal.throwIfAborted();
  const url = webSocketUrl(options.url);
  const socket = new WebSocket(url, clientOptions);
  return handshake(socket, url, options);
}

const clientOptions = {
  perMessageDeflate: false,
  followRedirects: false,
  maxPayload: MAX_MESSAGE_BYTES,
  // broken text makes a broken job, and does not end the link of all others
  skipUTF8Validation: true,
  closeTimeout: CLOSE_HANDSHAKE_MS,
};

function webSocketUrl(text: string): URL {
  const url = configuredUrl(text, 'PERRY_HUB_URL');
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new ShipError('CONFIG_INVALID', {
      summary: 'The setting PERRY_HUB_URL is not a WebSocket address.',
      reason: `It begins with "${url.protocol}".`,
      nextStep: 'Set PERRY_HUB_URL to an address that begins with wss:// (or ws:// on a trusted network).',
    });
  }
  url.hash = '';
  return url;
}

function handshake(socket: WebSocket, url: URL, options: OpenHubSocketOptions): Promise<HubSocket> {
  const deadline = AbortSignal.timeout(options.handshakeTimeoutMs);
  return new Promise((resolve, reject) => {
    const giveUp = (error: unknown) => {
      options.signal.removeEventListener('abort', onAbort);
      deadline.removeEventListener('abort', onDeadline);
      // what follows (the error of the aborted handshake, the close event) has no listener any more
      socket.removeAllListeners().on('error', () => {});
      socket.terminate();
      reject(error);
    };
    const onAbort = () => giveUp(options.signal.reason);
    const onDeadline = () => giveUp(handshakeTimedOut(url, options.handshakeTimeoutMs));
    options.signal.addEventListener('abort', onAbort);
    deadline.addEventListener('abort', onDeadline);
    let transport: Socket | undefined;
    socket.on('upgrade', (response: IncomingMessage) => {
      transport = response.socket;
    });
    socket.on('error', (error) => giveUp(unreachable(url, error)));
    socket.on('unexpected-response', (_request, response) =>
      giveUp(refusedByStatus(url, response.statusCode)),
    );
    socket.on('open', () => {
      options.signal.removeEventListener('abort', onAbort);
      deadline.removeEventListener('abort', onDeadline);
      socket.removeAllListeners();
      resolve(handle(socket, gathering(transport), options));
    });
  });
}

/**
 * To be called before something is sent: what is sent in one turn of the event loop goes to the system in one piece, because
 * a call for each frame would be most of its cost.
 */
function gathering(transport: Socket | undefined): () => void {
  let isCorked = false;
  return () => {
    if (isCorked || !transport) return;
    isCorked = true;
    transport.cork();
    process.nextTick(() => {
      isCorked = false;
      transport.uncork();
    });
  };
}

/** Wires an open socket to the callbacks. */
function handle(socket: WebSocket, gather: () => void, options: OpenHubSocketOptions): HubSocket {
  let lastFrameAtMs = Date.now();
  let fault: Error | undefined;
  const sawFrame = () => {
    lastFrameAtMs = Date.now();
  };
  const terminate = () => socket.terminate();
  options.signal.addEventListener('abort', terminate);
  const hear = <T extends unknown[]>(listener: (...given: T) => void) => contained(listener, options.onFault);
  socket.on('ping', sawFrame);
  socket.on(
    'pong',
    hear((payload: Buffer) => {
      sawFrame();
      options.onPong(payload.toString('utf8'));
    }),
  );
  socket.on(
    'message',
    hear((data: RawData, isBinary: boolean) => {
      sawFrame();
      // as the client is set up, a message is one buffer
      if (!isBinary) options.onMessage(data as Buffer);
    }),
  );
  socket.on('error', (error) => {
    fault = error;
  });
  socket.once(
    'close',
    hear((code: number, farewell: Buffer) => {
      options.signal.removeEventListener('abort', terminate);
      options.onClose(describeEnd(code, farewell.toString(), fault));
    }),
  );
  return {
    send: (text) => {
      gather();
      return sendText(socket, text);
    },
    ping: (payload = '') => {
      if (socket.readyState === WebSocket.OPEN) socket.ping(cutUtf8(payload, 125), undefined, () => {});
    },
    close: (code = 1000) => socket.close(code),
    terminate,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    get lastFrameAtMs() {
      return lastFrameAtMs;
    },
  };
}

const sendText = (socket: WebSocket, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(text, (error) => (error ? reject(connectionLost(error)) : resolve()));
  });

function describeEnd(code: number, farewell: string, fault: Error | undefined): HubSocketEnd {
  const words = wireText(farewell, 123, (text) => text);
  const said = words === '' ? '' : ` and said "${words}"`;
  if (fault) return { code, reason: describeNetworkFault(fault).reason, clean: false };
  if (code === 1006) return { code, reason: 'The connection ended without a farewell.', clean: false };
  const how = code === 1005 ? 'without a code' : `with code ${code}`;
  return { code, reason: `The connection was closed ${how}${said}.`, clean: true };
}

/** Host and path only: a query could hold what nobody should read in a log. */
const named = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

const unreachable = (url: URL, error: Error): ShipError =>
  new ShipError('HUB_UNREACHABLE', {
    summary: `The hub ${named(url)} could not be reached.`,
    ...describeNetworkFault(error),
    cause: error,
  });

const handshakeTimedOut = (url: URL, timeoutMs: number): ShipError =>
  new ShipError('HUB_UNREACHABLE', {
    summary: `The hub ${named(url)} could not be reached.`,
    reason: `It did not finish the WebSocket handshake within ${timeoutMs / 1000} s.`,
    nextStep: 'Check that the address is the one of the WebSocket port and that the hub is not overloaded.',
  });

const refusedByStatus = (url: URL, status = 0): ShipError =>
  new ShipError('HUB_UNREACHABLE', {
    summary: `The hub ${named(url)} could not be reached.`,
    reason: `It answered the WebSocket handshake with HTTP status ${status}${status >= 300 && status < 400 ? ', a redirect, which is not followed' : ''}.`,
    nextStep: 'Check host, port and path in PERRY_HUB_URL, and the proxy in front of the hub.',
  });

const connectionLost = (error: Error): ShipError =>
  new ShipError('HUB_CONNECTION_LOST', {
    summary: 'A message to the hub was not sent.',
    reason: 'The connection had ended or was ending.',
    nextStep: 'Wait for the next connection and send the message again.',
    cause: error,
  });
