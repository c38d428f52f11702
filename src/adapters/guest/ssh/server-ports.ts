import { createServer, type Server, type Socket } from 'node:net';
import type { Connection } from 'ssh2';

const LOOPBACK = '127.0.0.1';
const MAX_PORTS = 8;
const MAX_SOCKETS = 64;

interface Ports {
  readonly servers: Set<Server>;
  readonly sockets: Set<Socket>;
}

/** The two fields that ssh2 gives with a request to forward. */
interface Place {
  readonly bindAddr?: string;
  readonly bindPort?: number;
}

const ignore = (): void => {};

/**
 * Forwards ports to a client that asks for it (RFC 4254 section 7): on 127.0.0.1 and of the system's choice, no others. They
 * end with the connection.
 */
export function forwardPorts(connection: Connection): void {
  const ports: Ports = { servers: new Set(), sockets: new Set() };
  connection.on('request', (accept, reject, name, place) => {
    const answer = (port?: number | false) => (port === false ? reject?.() : accept?.(port));
    if (name === 'tcpip-forward') open(connection, ports, place as Place, answer);
    else answer(name === 'cancel-tcpip-forward' && cancel(ports, place as Place) ? undefined : false);
  });
  connection.once('close', () => {
    for (const server of ports.servers) server.close();
    for (const socket of ports.sockets) socket.destroy();
  });
}

function open(
  connection: Connection,
  { servers, sockets }: Ports,
  { bindAddr, bindPort }: Place,
  answer: (port: number | false) => void,
): void {
  if (bindAddr !== LOOPBACK || bindPort !== 0 || servers.size >= MAX_PORTS) return answer(false);
  const server = createServer((socket) => {
    if (sockets.size >= MAX_SOCKETS) return void socket.destroy();
    sockets.add(socket.on('error', ignore).once('close', () => sockets.delete(socket)));
    connect(connection, socket);
  });
  servers.add(server.once('close', () => servers.delete(server)));
  server.once('error', () => answer(false));
  server.listen(0, LOOPBACK, () => answer(portOf(server) ?? false));
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return address === null || typeof address === 'string' ? undefined : address.port;
}

function cancel({ servers }: Ports, { bindAddr, bindPort }: Place): boolean {
  const server = [...servers].find((each) => bindAddr === LOOPBACK && portOf(each) === bindPort);
  server?.close();
  return server !== undefined;
}

function connect(connection: Connection, socket: Socket): void {
  const { localPort = 0, remoteAddress = LOOPBACK, remotePort = 0 } = socket;
  connection.forwardOut(LOOPBACK, localPort, remoteAddress, remotePort, (error, channel) => {
    if (error) return void socket.destroy();
    channel.on('error', ignore).once('close', () => socket.destroy());
    socket.once('close', () => channel.destroy());
    socket.pipe(channel).pipe(socket);
  });
}
