import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { GuestAddress } from '../../src/adapters/guest/guest.ts';
import { fingerprintOfKey, makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { type ServerExec, type SshServer, startSshServer } from '../../src/adapters/guest/ssh/server.ts';

export interface TestServer {
  readonly address: GuestAddress;
  readonly privateKey: string;
  close(): void;
}

/** A real SSH server whose commands are answered by a function. */
export async function sshServer(answer: (exec: ServerExec) => void, onClose = () => {}): Promise<TestServer> {
  const hostKey = makeSshKeyPair();
  const client = makeSshKeyPair();
  const server: SshServer = await startSshServer({
    hostKey: hostKey.privateKey,
    authorizedKey: client.publicKey,
    user: 'tester',
    exec: (exec) => {
      answer(exec);
      return { onSignal: () => {}, onClose };
    },
  });
  const hostKeyFingerprint = fingerprintOfKey(hostKey.publicKey);
  return {
    address: { host: '127.0.0.1', port: server.port, user: 'tester', hostKeyFingerprint },
    privateKey: client.privateKey,
    close: () => server.close(),
  };
}

/** A TCP server that does with each connection what it is told: says nothing, hangs up, talks nonsense. */
export async function rawServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    socket.resume();
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address: GuestAddress = {
    host: '127.0.0.1',
    port,
    user: 'tester',
    hostKeyFingerprint: 'SHA256:none',
  };
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address, sockets, server, close };
}
