import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free port, to be closed so that the port can be used, or left so that it cannot. */
export async function takenPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const free = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port: String((server.address() as AddressInfo).port), free };
}

export async function freePort(): Promise<string> {
  const { port, free } = await takenPort();
  await free();
  return port;
}
