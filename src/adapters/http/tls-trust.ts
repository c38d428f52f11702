import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';

/** Whom to trust instead of what the system trusts; for a server with a certificate of its own. Plain data. */
export interface TlsTrust {
  /** Certificates, PEM. */
  readonly ca?: string;
  /** The name that the certificate is for, where it is not the host of the URL. */
  readonly serverName?: string;
  /**
   * SHA-256 of the one certificate that is accepted, as `AB:CD:…`. Without `ca` it is asked for nothing else: not who has
   * issued it, for which name, or until when.
   */
  readonly fingerprint?: string;
}

type TlsOptions = Pick<ConnectionOptions, 'ca' | 'servername' | 'rejectUnauthorized'>;

/** For Node.js. With a fingerprint the connection must also be judged by `pinFault` before anything is written to it. */
export const tlsOptionsOf = ({ ca, serverName, fingerprint }: TlsTrust = {}): TlsOptions => ({
  ...(ca !== undefined && { ca }),
  ...(serverName !== undefined && { servername: serverName }),
  ...(fingerprint !== undefined && ca === undefined && { rejectUnauthorized: false }),
});

/** Unlike `getPeerX509Certificate()` of Node.js 20, which gives each certificate of the chain once, and then none. */
export function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  const { raw } = socket.getPeerCertificate();
  return raw && new X509Certificate(raw);
}

/** Why a connection that is open does not lead to whoever has the pinned certificate. */
export function pinFault(socket: Socket, { fingerprint }: TlsTrust = {}): Error | undefined {
  if (fingerprint === undefined) return undefined;
  const shown = socket instanceof TLSSocket ? peerCertificate(socket)?.fingerprint256 : undefined;
  if (shown === fingerprint) return undefined;
  return Object.assign(new Error('the certificate is not the pinned one'), {
    code: 'ERR_TLS_CERT_NOT_PINNED',
  });
}

/** Whether a code of Node.js, or of `pinFault`, says that a certificate was not taken: before anything was sent. */
export const isCertificateFault = (code: string): boolean =>
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$)/.test(code);

/** Where the server of an address listens; an IPv6 address is without its brackets there. */
export function placeOf(url: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(url);
  const usualPort = protocol === 'http:' ? 80 : 443;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usualPort) };
}

/** A server is asked for by its name, and by none where it has only an address. */
export const nameAskedOf = (host: string): { readonly servername: string } => ({
  servername: isIP(host) ? '' : host,
});

/**
 * Connects, and hands over the connection only when it leads to whoever has the pinned certificate, for the option
 * `createConnection` of `http.request`: a socket that is given to it at once has its headers on the way before the
 * certificate is known.
 *
 * @param target - `timeoutMs` of silence end it; the same is for the answer, as with connections that Node.js makes for a request
 * @returns the connection, to be destroyed when nobody waits for it any more
 */
export function connectPinned(
  target: { readonly host: string; readonly port: number; readonly timeoutMs: number },
  trust: TlsTrust,
  done: (error: Error | null, socket?: TLSSocket) => void,
): TLSSocket {
  const { host, port, timeoutMs: timeout } = target;
  const socket = connect({
    host,
    port,
    timeout,
    ALPNProtocols: ['http/1.1'],
    ...nameAskedOf(host),
    ...tlsOptionsOf(trust),
  });
  const late = () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
  socket.once('timeout', late).once('error', done);
  return socket.once('secureConnect', () => {
    const fault = pinFault(socket, trust);
    if (fault) return socket.destroy(fault);
    socket.off('timeout', late).off('error', done);
    done(null, socket);
  });
}
