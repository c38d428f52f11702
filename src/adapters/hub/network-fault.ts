import { errorCodeOf } from '../http/errors.ts';

/** What an operator needs to know about a connection that failed. */
export interface NetworkFault {
  /** The fact, one sentence. */
  readonly reason: string;
  /** What to look at, one sentence. */
  readonly nextStep: string;
}

type Entry = readonly [codes: RegExp, reason: string, nextStep: string];

const LOOK_AT_HUB = 'Check that the hub runs and that its address is right.';
const LOOK_AT_NETWORK = 'Check the network between this host and the hub.';

/** Codes of libuv, OpenSSL, undici and ws; the first that fits wins. */
const entries: readonly Entry[] = [
  [/^ECONNREFUSED$/, 'The connection was refused: nothing listens at that address.', LOOK_AT_HUB],
  [
    /^(ENOTFOUND|EAI_\w+)$/,
    'The host name could not be resolved by DNS.',
    'Check the host name in the hub address and the DNS of this host.',
  ],
  [
    /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/,
    'The TLS certificate or handshake of the hub was not accepted.',
    'Check the certificate of the hub, the clock of this host, and that the address is meant to be encrypted.',
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT)$/,
    'The host of the hub did not answer.',
    LOOK_AT_NETWORK,
  ],
  [/^UND_ERR_HEADERS_TIMEOUT$/, 'The hub took the request but did not answer in time.', LOOK_AT_HUB],
  [/^UND_ERR_BODY_TIMEOUT$/, 'The transfer stood still for too long.', LOOK_AT_NETWORK],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_CLOSED|UND_ERR_DESTROYED|ERR_STREAM_PREMATURE_CLOSE)$/,
    'The connection was broken off by the other side.',
    LOOK_AT_NETWORK,
  ],
  [/^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/, 'The answer ended before it was complete.', LOOK_AT_NETWORK],
  [/^(HPE_|UND_ERR_HEADERS_OVERFLOW)/, 'The answer was not understandable HTTP.', LOOK_AT_HUB],
  [
    /^WS_ERR_UNSUPPORTED_MESSAGE_LENGTH$/,
    'The hub sent a message that is larger than the worker takes.',
    LOOK_AT_HUB,
  ],
  [/^WS_ERR_/, 'The hub broke the rules of the WebSocket protocol.', LOOK_AT_HUB],
];

/**
 * Puts an error of the network into words. Its own text is left out on purpose: it can hold addresses of the
 * inside network; it stays reachable as `cause` for the log.
 */
export function describeNetworkFault(error: unknown): NetworkFault {
  const code = errorCodeOf(error);
  const entry = entries.find(([codes]) => codes.test(code));
  if (entry) return { reason: entry[1], nextStep: entry[2] };
  const named = code === '' ? '' : ` (${code})`;
  return { reason: `The connection failed${named}.`, nextStep: LOOK_AT_NETWORK };
}
