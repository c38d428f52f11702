import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type SshServer, startSshServer } from '../../src/adapters/guest/ssh/server.ts';
import { type Guest, guestUser, hostKey, userKey } from './guest.ts';

let shared: Promise<SshServer> | undefined;

/** Clones of one image have one host key, so that one server can stand for all; it answers every command at once. */
const server = (): Promise<SshServer> => {
  shared ??= startSshServer({
    hostKey: hostKey.privateKey,
    authorizedKey: userKey.publicKey,
    user: guestUser,
    exec: ({ command, stdout, exit }) => {
      stdout.write(`${command}\n`);
      exit({ code: 0 });
      return { onSignal: () => {}, onClose: () => {} };
    },
  });
  return shared;
};

export async function closeLightGuests(): Promise<void> {
  (await shared)?.close();
  shared = undefined;
}

/** A machine without a process of its own, for hundreds of them: real SSH, and nothing behind it. */
export async function startLightGuest(): Promise<Guest> {
  const { port: sshPort } = await server();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const door = createServer((outer) => {
    const inner = keep(connect(sshPort, '127.0.0.1'));
    keep(outer).pipe(inner).pipe(outer);
    outer.once('close', () => inner.destroy());
    inner.once('close', () => outer.destroy());
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  let hasEnded = false;
  const die = () => {
    hasEnded = true;
    door.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    pid: Number.NaN,
    port: (door.address() as AddressInfo).port,
    hasEnded: () => hasEnded,
    die,
    destroy: async () => die(),
  };
}
