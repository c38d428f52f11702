import type { IncomingHttpHeaders } from 'node:http';

/** In small letters: names are the same in large ones (RFC 9110, 4.2.3). With its dot, `localhost` is no other name. */
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', 'localhost.', '[::1]'];
/** The viewer that the makers of XState serve; it attaches to an inspector on the same machine. */
export const STATELY_ORIGINS: readonly string[] = ['https://stately.ai', 'https://www.stately.ai'];
/** A page of another site cannot send a header of its own making without being asked about it first, and we say no. */
export const OWN_HEADER = 'x-perry-ship';

/**
 * True when a browser was told a loopback name. A page on the net can make its own name resolve to 127.0.0.1 (DNS
 * rebinding), but then the Host header carries that name.
 */
export function isLoopbackName(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_NAMES.includes(host.toLowerCase().replace(/:\d{1,5}$/, ''));
}

/**
 * Any page that a browser shows may open a WebSocket to loopback, but it cannot hide its origin: our own page, and
 * those that are named, may watch, and programs, which send no origin.
 */
export function mayWatch({ host, origin }: IncomingHttpHeaders, others: readonly string[] = []): boolean {
  if (!isLoopbackName(host)) return false;
  if (origin === undefined || others.includes(origin)) return true;
  return isOwn(origin, host);
}

/** Browsers write origins in small letters. */
const isOwn = (origin: string | undefined, host: string | undefined): boolean =>
  origin === `http://${host?.toLowerCase()}`;

/**
 * Why a request that changes something is not carried out, or undefined when it may be. Only our own page may ask: it
 * sends its origin, as browsers do with every POST, and a header of ours.
 */
export function whyNotChange(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  if (!isLoopbackName(host)) return 'Ask 127.0.0.1.';
  if (!isOwn(origin, host)) return 'Only the page of this server may change something: Origin differs.';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin')
    return 'Only the page of this server may change something: Sec-Fetch-Site differs.';
  if (headers[OWN_HEADER] === undefined) return `Send the header ${OWN_HEADER}.`;
  return undefined;
}
