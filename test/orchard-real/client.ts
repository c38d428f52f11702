import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { WebSocket } from 'ws';

export interface ClientOptions {
  readonly url: string;
  /** PEM; left out, there is no TLS. */
  readonly ca?: string;
  readonly account: { readonly name: string; readonly token: string };
}

export interface Said {
  readonly status: number;
  readonly json: unknown;
}

/** As much of a client of the controller as its workers and administrators need. */
export interface Client {
  ask(method: string, path: string, body?: unknown): Promise<Said>;
  open(path: string): WebSocket;
}

export function orchardClient({ url, ca, account }: ClientOptions): Client {
  const authorization = `Basic ${Buffer.from(`${account.name}:${account.token}`).toString('base64')}`;
  // without a name of the client the controller sends text where it should send bytes
  const headers = { authorization, 'user-agent': 'node-worker/1', 'content-type': 'application/json' };
  const trust = ca === undefined ? {} : { ca, servername: 'orchard-controller' };
  return {
    ask: async (method, path, body) => {
      const send = ca === undefined ? plainRequest : request;
      const sent = send(`${url}/v1${path}`, { method, headers, agent: false, ...trust });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = await once(sent, 'response');
      let text = '';
      for await (const piece of response) text += piece;
      return { status: response.statusCode, json: parsed(text) };
    },
    open: (path) =>
      new WebSocket(`${url.replace('http', 'ws')}/v1${path}`, {
        headers,
        ...trust,
        ...{ perMessageDeflate: false, handshakeTimeout: 10_000 },
      }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
