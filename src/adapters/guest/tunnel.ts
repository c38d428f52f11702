import type { Duplex } from 'node:stream';
import { type ClientOptions, createWebSocketStream, WebSocket } from 'ws';
import type { ShipError } from '../../errors.ts';
import { connectPinned, placeOf, tlsOptionsOf } from '../http/tls-trust.ts';
import { basic } from './basic.ts';
import type { GuestTunnel } from './guest.ts';
import { type TunnelObstacle, tunnelFailure } from './tunnel-failures.ts';

/** As RFC 4253 has it with room for a greeting before; what is longer is no first line. */
const MAX_FIRST_LINE_BYTES = 8 * 1024;
const LINE_FEED = 10;
/** What one message may bring; the controller of Orchard sends pieces of 64 KiB at most. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** A way into a guest through a WebSocket, given before it is open. */
export interface OpenTunnel {
  readonly stream: Duplex;
  /**
   * Why it did not open, for whoever has waited in vain; `undefined` once it was open: CLUSTER_REFUSED ·
   * CLUSTER_CERTIFICATE_REFUSED · CLUSTER_UNREACHABLE · CLUSTER_TUNNEL_REFUSED.
   */
  failure(): ShipError | undefined;
}

/**
 * Begins to open a tunnel that carries the bytes of SSH, as binary messages of any size. The stream is destroyed with an
 * error when it cannot be opened, and closes when the tunnel does, however it ends.
 *
 * @param handshakeTimeoutMs - the other side opens it when the guest has answered
 */
export function openTunnel(tunnel: GuestTunnel, handshakeTimeoutMs: number): OpenTunnel {
  const { url, user, token } = tunnel;
  const way = wayTo(tunnel, handshakeTimeoutMs);
  const socket = new WebSocket(url, {
    headers: { authorization: basic(user, token), 'user-agent': 'perry-ship' },
    ...way.options,
    ...{ perMessageDeflate: false, followRedirects: false, handshakeTimeout: handshakeTimeoutMs },
    maxPayload: MAX_MESSAGE_BYTES,
  });
  socket.once('close', way.leave);
  const failure = obstacleTo(socket);
  // what comes right behind the handshake would be lost to a stream that is made later
  const stream = withWholeFirstLine(createWebSocketStream(socket));
  // a stream of ws 8 ends, and does not close
  stream.once('end', () => stream.destroy());
  return { stream, failure };
}

/** Told why by the first of an answer that is no 101, an error and its opening. */
function obstacleTo(socket: WebSocket): OpenTunnel['failure'] {
  let obstacle: TunnelObstacle | undefined = { cause: undefined };
  socket.once('open', () => {
    obstacle = undefined;
  });
  socket.once('unexpected-response', (request, { statusCode: status = 0 }) => {
    obstacle = { status };
    // with a listener of our own the library leaves the end to us
    request.destroy(new Error(`the tunnel was refused with status ${status}`));
  });
  socket.once('error', (cause) => {
    if (obstacle && 'cause' in obstacle) obstacle = { cause };
  });
  return () => obstacle && tunnelFailure(obstacle);
}

interface Way {
  readonly options: ClientOptions;
  /** Ends what is not open yet. */
  readonly leave: () => void;
}

function wayTo(tunnel: GuestTunnel, timeoutMs: number): Way {
  if (tunnel.fingerprint === undefined) return { options: tlsOptionsOf(tunnel), leave: () => {} };
  const target = { ...placeOf(tunnel.url), timeoutMs };
  let leave = () => {};
  const createConnection = (_: unknown, done: PinnedDone) => {
    const connecting = connectPinned(target, tunnel, done);
    leave = () => connecting.destroy();
  };
  // Node.js also takes a connection that comes later, by the callback; the types do not say so
  return { options: { createConnection: createConnection as never }, leave: () => leave() };
}

type PinnedDone = Parameters<typeof connectPinned>[2];

/** ssh2 1.17 forgets the middle of a first line that comes in more than two pieces. */
function withWholeFirstLine(stream: Duplex): Duplex {
  const push = stream.push.bind(stream);
  let held: Buffer | undefined = Buffer.alloc(0);
  stream.push = (chunk: Buffer | null) => {
    if (held === undefined) return push(chunk);
    if (chunk !== null) held = Buffer.concat([held, chunk]);
    if (chunk !== null && !held.includes(LINE_FEED) && held.length < MAX_FIRST_LINE_BYTES) return true;
    const first = held;
    held = undefined;
    if (first.length > 0) push(first);
    return chunk === null ? push(null) : true;
  };
  return stream;
}
