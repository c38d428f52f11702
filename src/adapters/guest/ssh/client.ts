import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import type { GuestAddress, GuestCredentials, GuestSession, GuestTunnel } from '../guest.ts';
import { algorithms } from './algorithms.ts';
import type { SshConnection } from './connection.ts';
import { execOverSsh } from './exec.ts';
import { authRefused, connectFailure, hostKeyMismatch } from './failures.ts';
import { fingerprintOfKeyBlob } from './keys.ts';
import { answerPorts, listenOverSsh } from './listen.ts';

/** A guest that froze is noticed after three unanswered questions. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVE_COUNT_MAX = 3;

export type SshCredentials = GuestCredentials;

export interface SshConnectOptions {
  readonly address: GuestAddress;
  readonly credentials: SshCredentials;
  readonly signal: AbortSignal;
  /** From the first packet to the end of authentication. */
  readonly readyTimeoutMs: number;
  /** Asked instead of comparing with the pinned fingerprint; who accepts any key must prove the guest otherwise. */
  readonly acceptHostKey?: (fingerprint: string) => boolean;
  /** The way to the guest when it is not a plain TCP connection; owned by the session from here on. */
  readonly transport?: Duplex;
  /** Where the transport leads through, so that another process can go the same way. */
  readonly tunnel?: GuestTunnel;
}

/**
 * One attempt to connect. The host key is pinned by its fingerprint: any other key ends the attempt.
 *
 * @throws ShipError GUEST_UNREACHABLE (try again) · GUEST_HOST_KEY_MISMATCH · GUEST_AUTH_REFUSED
 *   · the signal's reason when aborted
 */
export async function connectSsh(options: SshConnectOptions): Promise<GuestSession> {
  options.signal.throwIfAborted();
  const connection = openConnection(options);
  const keys: PresentedKeys = { refused: [], accepted: [] };
  try {
    await untilReady(connection, connectConfig(connection, options, keys), options.signal);
  } catch (cause) {
    connection.socket.destroy();
    if (options.signal.aborted) throw options.signal.reason;
    throw explain(options.address, cause as Error, keys.refused.at(-1));
  }
  return sessionOver(connection, options, keys.accepted.at(-1) ?? '');
}

function openConnection({ address, transport }: SshConnectOptions): SshConnection {
  const client = new ssh2.Client();
  const socket = transport ?? connect({ host: address.host, port: address.port, noDelay: true });
  // One listener for each exec that is under way.
  client.setMaxListeners(0);
  return { client, socket, closed: endOf(client), ports: answerPorts(client) };
}

/** Fingerprints of the host keys that a guest has shown. */
interface PresentedKeys {
  readonly refused: string[];
  readonly accepted: string[];
}

/** ssh2 emits `error` before, during and after anything: the last one before the end is the reason. */
function endOf(client: Client): Promise<string> {
  let reason = 'The connection was closed';
  client.on('error', (error) => {
    reason = `The connection failed: ${error.message}`;
  });
  return new Promise((resolve) => client.once('close', () => resolve(reason)));
}

function connectConfig(
  { socket }: SshConnection,
  options: SshConnectOptions,
  keys: PresentedKeys,
): ConnectConfig {
  const { address, credentials, readyTimeoutMs } = options;
  const { acceptHostKey = (fingerprint: string) => fingerprint === address.hostKeyFingerprint } = options;
  return {
    sock: socket as Socket,
    username: address.user,
    ...credentials,
    authHandler: ['password' in credentials ? 'password' : 'publickey'],
    algorithms,
    readyTimeout: readyTimeoutMs,
    keepaliveInterval: KEEPALIVE_INTERVAL_MS,
    keepaliveCountMax: KEEPALIVE_COUNT_MAX,
    hostVerifier: (key: Buffer) => {
      const fingerprint = fingerprintOfKeyBlob(key);
      const isAccepted = acceptHostKey(fingerprint);
      (isAccepted ? keys.accepted : keys.refused).push(fingerprint);
      return isAccepted;
    },
  };
}

async function untilReady(
  { client, socket, closed }: SshConnection,
  config: ConnectConfig,
  signal: AbortSignal,
): Promise<void> {
  const giveUp = () => socket.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve).once('error', reject);
      closed.then((reason) => reject(new Error(reason)));
      client.connect(config);
    });
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function explain(address: GuestAddress, cause: Error, refusedKey: string | undefined): Error {
  if (refusedKey !== undefined) return hostKeyMismatch(address, refusedKey, cause);
  if (cause.message.startsWith('Cannot parse privateKey')) return authRefused(address, cause);
  return connectFailure(address, cause);
}

function sessionOver(
  connection: SshConnection,
  { address, credentials, transport, tunnel }: SshConnectOptions,
  hostKeyFingerprint: string,
): GuestSession {
  return {
    // of a way that is neither a plain connection nor a tunnel nobody else knows
    ...((!transport || tunnel) && {
      access: () => ({
        address: { ...address, hostKeyFingerprint },
        credentials,
        ...(tunnel && { tunnel }),
      }),
    }),
    exec: (command, options = {}) => execOverSsh(connection, command, options),
    listen: (options) => listenOverSsh(connection, options),
    closed: connection.closed,
    close: async () => {
      connection.client.end();
      // A guest that no longer answers would keep its half of the connection open for ever.
      connection.socket.destroy();
      await connection.closed;
    },
  };
}
