import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority, type ReplyMaker } from './timestamp-replies.ts';

export interface TimestampAuthority {
  /** For `--timestamp-url`; loopback only. */
  readonly url: string;
  /** Time stamps given so far. */
  readonly requests: number;
  /** Closes the server and removes key and certificate. */
  stop(): Promise<void>;
}

/** A query has about 60 bytes. */
const MAX_QUERY_BYTES = 16 * 1024;

/**
 * A time-stamp authority for demo and tests: the HTTP transport of RFC 3161 (section 3.4) on loopback, with a key that
 * lives as long as the server. Nobody but rcodesign and openssl trusts its stamps.
 *
 * @throws ShipError COMMAND_NOT_FOUND without openssl · TIMESTAMP_AUTHORITY_FAILED when it makes no key
 */
export async function startTimestampAuthority(): Promise<TimestampAuthority> {
  const authority = await createAuthority();
  let requests = 0;
  const server = createServer((request, response) => {
    answer(request, response, async (query) => {
      const reply = await authority.reply(query);
      requests += 1;
      return reply;
    }).catch((thrown: unknown) => refuse(response, thrown instanceof QueryTooLarge ? 413 : 500));
  });
  try {
    await listen(server);
  } catch (thrown) {
    await authority.remove();
    throw thrown;
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get requests() {
      return requests;
    },
    stop: async () => {
      await close(server);
      await authority.remove();
    },
  };
}

class QueryTooLarge extends Error {}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  reply: ReplyMaker['reply'],
): Promise<void> {
  if (request.method !== 'POST') return refuse(response, 405);
  if (request.headers['content-type'] !== 'application/timestamp-query') return refuse(response, 415);
  const body = await reply(await readBody(request));
  response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': body.length });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_QUERY_BYTES) throw new QueryTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const refuse = (response: ServerResponse, status: number): void => {
  if (!response.headersSent) response.writeHead(status, { connection: 'close' });
  response.end();
};

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
