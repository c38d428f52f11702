import type { buildConnector, Dispatcher } from 'undici';
import { pinFault, type TlsTrust, tlsOptionsOf } from './tls-trust.ts';

/** TCP and TLS. */
const CONNECT_TIMEOUT_MS = 15_000;
const MAX_HEADER_BYTES = 32 * 1024;

export type HttpAnswer = Dispatcher.ResponseData;
export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ConnectionOptions {
  /** Ends the connection in every phase, also while it is being made. */
  readonly signal: AbortSignal;
  /** How long the other side may take to answer, once it has the whole request; 5 minutes when left out. */
  readonly answerTimeoutMs?: number;
  /** Whom to trust instead of what the system trusts; for a server with a certificate of its own. */
  readonly tls?: TlsTrust;
  /** Silence inside a body; 5 minutes when left out. */
  readonly idleTimeoutMs?: number;
  /**
   * Called each time that everything that was written to the connection so far has left this process: the system's
   * buffers have it, and over TLS nothing but a record on its way there is missing.
   */
  readonly onFlushed?: () => void;
}

/** A connection for one request. Calls are few and transfers long, so that nothing is gained by keeping it. */
export interface Connection {
  /** Redirects are not followed. @throws errors of undici, see `errorCodeOf` · the signal's reason */
  request(
    url: URL,
    options: Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body'>,
  ): Promise<HttpAnswer>;
  /** Ends the connection, whatever it is doing. */
  close(): Promise<void>;
}

/**
 * The HTTP client is loaded with the first connection, because it is a fourth of what a start of the daemon would cost.
 *
 * @throws the signal's reason, when it was aborted before
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { signal, answerTimeoutMs, idleTimeoutMs } = options;
  const { Agent, buildConnector, request: send } = await import('./client.ts');
  signal.throwIfAborted();
  const agent = new Agent({
    connect: connectorFor(buildConnector, options),
    ...(answerTimeoutMs !== undefined && { headersTimeout: answerTimeoutMs }),
    ...(idleTimeoutMs !== undefined && { bodyTimeout: idleTimeoutMs }),
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
  });
  const destroy = () => void agent.destroy().catch(() => {});
  signal.addEventListener('abort', destroy, { once: true });
  return {
    request: (url, { method, headers, body }) =>
      send(url, {
        method,
        ...(headers !== undefined && headers !== null && { headers }),
        ...(body !== undefined && { body }),
        dispatcher: agent,
        signal,
      }),
    close: () => {
      signal.removeEventListener('abort', destroy);
      return agent.destroy();
    },
  };
}

/** More than the pause between two questions. */
const KEPT_MS = 30_000;

/**
 * Sends short requests, one after the other over the same connection where there is one; one that is idle keeps no
 * process alive. For questions that are asked every few seconds.
 */
export function keptConnections(
  tls: TlsTrust,
): (
  url: URL,
  options: Pick<Dispatcher.RequestOptions, 'method' | 'headers'> & { readonly signal: AbortSignal },
) => Promise<HttpAnswer> {
  let agent: Dispatcher | undefined;
  return async (url, { method, headers, signal }) => {
    const { Agent, buildConnector, request: send } = await import('./client.ts');
    signal.throwIfAborted();
    agent ??= new Agent({
      connect: connectorFor(buildConnector, { tls }),
      ...{ keepAliveTimeout: KEPT_MS, maxHeaderSize: MAX_HEADER_BYTES, pipelining: 1 },
    });
    return send(url, { method, ...(headers && { headers }), dispatcher: agent, signal });
  };
}

/** The only way to a server: whoever has not the pinned certificate is written nothing. */
function connectorFor(
  build: typeof buildConnector,
  { tls, onFlushed }: Pick<ConnectionOptions, 'tls' | 'onFlushed'>,
): buildConnector.connector {
  const connect = build({
    timeout: CONNECT_TIMEOUT_MS,
    ...tlsOptionsOf(tls),
    // no certificate is shown where a session is resumed
    ...(tls?.fingerprint !== undefined && { maxCachedSessions: 0 }),
    // a stream says `drain` after what was written above this mark only
    ...(onFlushed && { highWaterMark: 1 }),
  });
  return (options, done) =>
    connect(options, (...result) => {
      const [, socket] = result;
      const fault = socket && pinFault(socket, tls);
      if (fault) {
        socket.destroy();
        return done(fault, null);
      }
      if (onFlushed) socket?.on('drain', onFlushed);
      done(...result);
    });
}
