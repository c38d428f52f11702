import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
/** The viewer that the makers of XState serve; it attaches to an inspector on the same machine. */
const STATELY = ['https://stately.ai', 'https://www.stately.ai'];

/**
 * True when a browser was told a loopback name. A page on the net can make its own name resolve to 127.0.0.1 (DNS
 * rebinding), but then the Host header carries that name.
 */
export function isLoopbackName(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_NAMES.includes(host.replace(/:\d{1,5}$/, ''));
}

/**
 * Any page that a browser shows may open a WebSocket to loopback, but it cannot hide its origin: our own page and
 * the Stately viewer may watch, and programs, which send no origin.
 */
export function mayWatch({ host, origin }: IncomingHttpHeaders): boolean {
  if (!isLoopbackName(host)) return false;
  if (origin === undefined || STATELY.includes(origin)) return true;
  return origin === `http://${host}`;
}
