import type { Client, ClientChannel } from 'ssh2';
import { contained } from '../../../contained.ts';
import { withDeadline } from '../../../deadline.ts';
import type { GuestListenOptions, GuestPort } from '../guest.ts';
import type { GuestPorts, SshConnection } from './connection.ts';
import { forwardRefused, guestLost } from './failures.ts';

const LOOPBACK = '127.0.0.1';
/** One packet there and one back. */
const OPEN_TIMEOUT_MS = 15_000;

const ignore = (): void => {};

/** Every connection that the guest offers is answered, also for a port that is not ours any more. */
export function answerPorts(client: Client): GuestPorts {
  const ports: GuestPorts = new Map();
  client.on(
    'tcp connection',
    contained(({ destPort }, accept, reject) => {
      const take = ports.get(destPort);
      if (take) take(accept, reject);
      else reject();
    }, ignore),
  );
  return ports;
}

/**
 * Has the SSH server of the guest listen on a free port of its loopback (RFC 4254 section 7.1, `tcpip-forward`) and hand
 * the connections to us. A connection counts as open until the guest has closed it, too: one that does not can hold no more
 * than `maxConnections`.
 */
export async function listenOverSsh(
  connection: SshConnection,
  { signal, maxConnections, onConnection }: GuestListenOptions,
): Promise<GuestPort> {
  const port = await openPort(connection, signal);
  const open = new Set<ClientChannel>();
  connection.ports.set(port, (accept, reject) => {
    if (open.size >= maxConnections) return reject();
    const channel = accept();
    open.add(channel);
    channel.on('error', ignore).once('close', () => open.delete(channel));
    channel.stderr.on('error', ignore).resume();
    onConnection(channel);
  });
  return {
    port,
    close: () => {
      connection.ports.delete(port);
      closePort(connection, port);
      for (const channel of open) letGo(channel);
    },
  };
}

/** @throws ShipError GUEST_FORWARD_REFUSED · GUEST_LOST · the signal's reason */
async function openPort(connection: SshConnection, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const limited = withDeadline(signal, OPEN_TIMEOUT_MS);
  let giveUp = ignore;
  const given = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.aborted ? signal.reason : forwardRefused('Its SSH server did not answer'));
    limited.addEventListener('abort', giveUp, { once: true });
  });
  const asked = askForPort(connection);
  try {
    return await Promise.race([asked, given]);
  } catch (error) {
    asked.then((port) => closePort(connection, port), ignore);
    throw error;
  } finally {
    limited.removeEventListener('abort', giveUp);
  }
}

async function askForPort(connection: SshConnection): Promise<number> {
  const { client, socket, closed } = connection;
  if (socket.destroyed) throw guestLost(await closed);
  const port = await new Promise<number>((resolve, reject) => {
    void closed.then((reason) => reject(guestLost(reason)));
    const answered = (error: Error | undefined, granted: number) => {
      if (!error) resolve(granted);
      else if (!socket.destroyed) reject(forwardRefused('Its SSH server refused to forward a port', error));
    };
    // as a command that is begun in a connection that is being closed
    contained(
      () => client.forwardIn(LOOPBACK, 0, answered),
      (cause) => reject(guestLost('The connection is being closed', cause)),
    )();
  });
  if (port >= 1 && port <= 65_535) return port;
  throw forwardRefused('Its SSH server named no port');
}

/** Nobody waits for the answer: from here on we refuse whatever comes from there. */
function closePort({ client, socket }: SshConnection, port: number): void {
  if (socket.destroyed) return;
  contained(() => client.unforwardIn(LOOPBACK, port, ignore), ignore)();
}

/** ssh2 tells the end of a channel only once everything that came in was read. */
function letGo(channel: ClientChannel): void {
  channel.destroy();
  channel.resume();
}
