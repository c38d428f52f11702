import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { contained } from '../../contained.ts';
import type { GuestSession } from '../guest/guest.ts';
import { answerQuery, type Relayed } from './relayed.ts';

/** rcodesign 0.29.0 asks for one time stamp after the other. */
const MAX_CONNECTIONS = 8;
const CONNECTION_TIMEOUT_MS = 60_000;
const MAX_HEADER_BYTES = 8 * 1024;

export interface TimestampRelay {
  /** The authority as the guest reaches it: plain HTTP, on a port of its own loopback. */
  readonly url: string;
  /** Closes the port, and ends what is under way. */
  close(): void;
}

export interface RelayOptions extends Relayed {
  readonly signal: AbortSignal;
  /** Of a connection from the guest, from its first byte to its last; 60 s when left out. */
  readonly connectionTimeoutMs?: number;
}

/**
 * Lets the programs of a guest without a network ask one time-stamp authority, and nothing else: what comes through the SSH
 * connection must be an RFC 3161 query for the path of that authority. Everything else is answered with an error, and goes
 * nowhere.
 *
 * @throws ShipError GUEST_FORWARD_REFUSED · GUEST_LOST · the signal's reason
 */
export async function openTimestampRelay(
  session: GuestSession,
  { signal, connectionTimeoutMs = CONNECTION_TIMEOUT_MS, ...relayed }: RelayOptions,
): Promise<TimestampRelay> {
  const closing = new AbortController();
  const { port, close } = await session.listen({
    signal,
    maxConnections: MAX_CONNECTIONS,
    onConnection: (connection) =>
      serve(connection, [closing.signal, AbortSignal.timeout(connectionTimeoutMs)], relayed),
  });
  const { pathname, search } = relayed.authority;
  return {
    url: `http://127.0.0.1:${port}${pathname}${search}`,
    close: () => {
      closing.abort(new Error('the time stamps are no longer needed'));
      close();
    },
  };
}

/** One connection with one request. A server that listens nowhere keeps no time, so that it is kept here. */
function serve(connection: Duplex, ends: readonly AbortSignal[], relayed: Relayed): void {
  const life = new AbortController();
  const end = () => {
    life.abort(new Error('the connection was ended'));
    // a deadline that somebody listens to is kept until it comes, also behind a flood of connections
    for (const each of ends) each.removeEventListener('abort', end);
    connection.destroy();
    connection.resume();
  };
  for (const each of ends) each.addEventListener('abort', end, { once: true });
  connection.on('error', end).once('close', end);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false }, (request, response) => {
    response.on('error', end);
    void answerQuery(request, response, life.signal, relayed);
  });
  server.on('clientError', end).on('connect', end).on('upgrade', end);
  contained(() => server.emit('connection', connection), end)();
}
