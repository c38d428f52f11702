import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** `AllowTcpForwarding remote`, as sshd does it: ports of the guest's loopback that lead to the client. */
export function forwardPorts(connection) {
  const servers = new Map();
  const sockets = new Set();
  connection.on('request', (accept, reject, name, { bindAddr, bindPort }) => {
    if (name === 'cancel-tcpip-forward' && servers.has(bindPort)) {
      servers.get(bindPort).close();
      servers.delete(bindPort);
      return void accept?.();
    }
    if (name !== 'tcpip-forward' || bindAddr !== LOOPBACK || bindPort !== 0) return void reject?.();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
      connect(connection, socket);
    });
    server.listen(0, LOOPBACK, () => {
      servers.set(server.address().port, server);
      accept?.(server.address().port);
    });
  });
  connection.once('close', () => {
    for (const server of servers.values()) server.close();
    for (const socket of sockets) socket.destroy();
  });
}

function connect(connection, socket) {
  connection.forwardOut(LOOPBACK, socket.localPort, LOOPBACK, socket.remotePort, (error, channel) => {
    if (error) return void socket.destroy();
    channel.on('error', () => {}).once('close', () => socket.destroy());
    socket.once('close', () => channel.destroy());
    socket.pipe(channel).pipe(socket);
  });
}
