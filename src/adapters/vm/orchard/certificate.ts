import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { withDeadline } from '../../../deadline.ts';
import { plainLine } from '../../../text.ts';
import { errorCodeOf } from '../../http/errors.ts';
import {
  nameAskedOf,
  peerCertificate,
  pinFault,
  placeOf,
  type TlsTrust,
  tlsOptionsOf,
} from '../../http/tls-trust.ts';
import { unanswered } from './failures.ts';
import type { OrchardSettings } from './options.ts';
import { trustOf } from './trust.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const MAX_TEXT = 300;

/** The certificate that a controller shows; its texts may be anybody's. */
export interface ControllerCertificate {
  /** e.g. `CN=Orchard Controller`. */
  readonly subject: string;
  /** e.g. `DNS:orchard-controller`; empty when it has none. */
  readonly names: string;
  readonly endsAtMs: number;
  /** SHA-256, as `AB:CD:…`. */
  readonly fingerprint: string;
  /** Why it is not taken, as a code of Node.js; `undefined` for one that is. */
  readonly fault: string | undefined;
}

/**
 * Connects to the controller, says nothing, and leaves.
 *
 * @returns its certificate; `undefined` for an address without TLS
 * @throws ShipError CLUSTER_UNREACHABLE · the signal's reason
 */
export async function lookAtController(
  { url, ...trusted }: Pick<OrchardSettings, 'url' | 'ca' | 'fingerprint'>,
  signal: AbortSignal,
): Promise<ControllerCertificate | undefined> {
  const isPlain = new URL(url).protocol === 'http:';
  const target = placeOf(url);
  const trust = trustOf(trusted);
  const socket = isPlain
    ? connectPlain(target)
    : connect({ ...target, ...nameAskedOf(target.host), ...tlsOptionsOf(trust), rejectUnauthorized: false });
  try {
    await once(socket, isPlain ? 'connect' : 'secureConnect', {
      signal: withDeadline(signal, CONNECT_TIMEOUT_MS),
    });
    return socket instanceof TLSSocket ? certificateOf(socket, trust) : undefined;
  } catch (cause) {
    signal.throwIfAborted();
    throw unanswered('A connection', cause);
  } finally {
    // what comes after the one error that was waited for is of no interest
    socket.on('error', () => {}).destroy();
  }
}

function certificateOf(socket: TLSSocket, trust: TlsTrust): ControllerCertificate | undefined {
  const shown = peerCertificate(socket);
  if (!shown) return undefined;
  return {
    subject: plainLine(shown.subject, MAX_TEXT),
    names: plainLine(shown.subjectAltName, MAX_TEXT),
    endsAtMs: Date.parse(shown.validTo),
    fingerprint: shown.fingerprint256,
    fault: faultOf(socket, trust),
  };
}

/** As a request would find it. */
function faultOf(socket: TLSSocket, trust: TlsTrust): string | undefined {
  const asksChain = trust.ca !== undefined || trust.fingerprint === undefined;
  // a text, whatever its type says
  if (asksChain && !socket.authorized) return String(socket.authorizationError);
  const pin = pinFault(socket, trust);
  return pin && errorCodeOf(pin);
}
