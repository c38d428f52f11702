import type { IncomingMessage } from 'node:http';

/** What a request asks for, and of whom. */
export interface Target {
  /** The name that it was sent to, with the port, as the client wrote it. */
  readonly host: string | undefined;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** `http://127.0.0.1:8080/jobs`: clients write it so to a proxy, and may do so to any server. */
const ABSOLUTE = /^http:\/\/([^/?]*)/i;

/** A target in absolute form says to whom it was sent: the header Host does not count then (RFC 9112, 3.2.2). */
export function targetOf({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): Target {
  const [begun = '', host = headers.host] = ABSOLUTE.exec(url) ?? [];
  const [path, query] = splitOnce(url.slice(begun.length), '?');
  return { host, path: path === '' ? '/' : path, query };
}

function splitOnce(whole: string, by: string): readonly [string, string] {
  const at = whole.indexOf(by);
  return at < 0 ? [whole, ''] : [whole.slice(0, at), whole.slice(at + 1)];
}
