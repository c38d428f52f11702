import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';

export interface GuardedAuthority {
  readonly url: string;
  /** `user-agent` of each query, empty when there was none. */
  readonly askers: readonly string[];
  /** The first query has come. */
  readonly asked: Promise<void>;
  stop(): Promise<void>;
}

/**
 * A time-stamp authority that tells who asks: rcodesign in a guest, or this worker for it. All are on one loopback here, so
 * that the address does not say it.
 *
 * @param opened - no query is answered before
 */
export async function startGuardedAuthority(opened?: Promise<void>): Promise<GuardedAuthority> {
  const authority = await startTimestampAuthority();
  const askers: string[] = [];
  let tell: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server = createServer(async (request, response) => {
    askers.push(request.headers['user-agent'] ?? '');
    tell();
    await opened;
    const { method, headers } = request;
    const onward = ask(authority.url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward.on('error', () => response.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ts01`,
    askers,
    asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await authority.stop();
    },
  };
}
