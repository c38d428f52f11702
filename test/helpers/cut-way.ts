import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import type { Scene } from './daemon.ts';

/** In the middle of the key exchange of SSH. */
const CUT_AFTER_BYTES = 200;

/** The process of a run gets a way into its machine that is cut so often while it logs in; returns how often it was. */
export function cutWay({ daemon }: Pick<Scene, 'daemon'>, times: number): () => number {
  const { driver } = daemon.services;
  const openGuest = driver.openGuest.bind(driver);
  let cuts = 0;
  const mayCut = () => {
    if (cuts >= times) return false;
    cuts += 1;
    return true;
  };
  driver.openGuest = async (address, options) => detour(await openGuest(address, options), mayCut);
  return () => cuts;
}

async function detour(session: GuestSession, mayCut: () => boolean): Promise<GuestSession> {
  const access = session.access?.();
  if (!access) throw new Error('nobody else can go this way');
  const { address, ...rest } = access;
  const server = createServer((near) => {
    const far = connect(address.port, address.host);
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const side of [near, far]) side.on('error', () => {}).once('close', end);
    near.pipe(far).pipe(near);
    if (!mayCut()) return;
    far.on('data', () => {
      if (far.bytesRead >= CUT_AFTER_BYTES) end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // whoever was let through goes on; nobody comes after the machine has been left to the run, or is gone
  void session.closed.then(() => server.close());
  return { ...session, access: () => ({ ...rest, address: { ...address, host: '127.0.0.1', port } }) };
}
