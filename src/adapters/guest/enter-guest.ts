import type { GuestAccess, GuestSession } from './guest.ts';
import { connectSsh, type SshConnectOptions } from './ssh/client.ts';

export type EnterOptions = Pick<SshConnectOptions, 'signal' | 'readyTimeoutMs'>;

/**
 * Logs into a guest by the way that its access names: a plain connection, or a tunnel.
 *
 * @throws ShipError as `connectSsh`, and as `OpenTunnel.failure` says of a tunnel that did not open
 */
export async function enterGuest(access: GuestAccess, options: EnterOptions): Promise<GuestSession> {
  const { address, credentials, tunnel } = access;
  if (!tunnel) return connectSsh({ address, credentials, ...options });
  // only where there are tunnels: a process of a run starts quicker without
  const { openTunnel } = await import('./tunnel.ts');
  options.signal.throwIfAborted();
  const { stream, failure } = openTunnel(tunnel, options.readyTimeoutMs);
  return connectSsh({ address, credentials, ...options, transport: stream, tunnel }).catch((error) => {
    options.signal.throwIfAborted();
    throw failure() ?? error;
  });
}
