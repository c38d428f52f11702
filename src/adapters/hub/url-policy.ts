import { ShipError } from '../../errors.ts';

/** Where the bearer token of a job may be sent. */
export interface HubOriginPolicy {
  /** The WebSocket address that the worker was configured with, e.g. `wss://hub.perryts.com/ws`. */
  readonly hubUrl: string;
  /** HTTP base of the hub; when given, its origin replaces the one that the hub names. */
  readonly httpBaseUrl?: string;
}

/**
 * The address to ask, after the checks that keep a token from going astray: http(s) only, no credentials
 * inside, TLS unless the hub is on this machine or is itself spoken to without TLS, and the host of the hub.
 * Ports may differ, because a hub without a proxy serves WebSocket and HTTP on two of them.
 *
 * @throws ShipError HUB_URL_REFUSED · CONFIG_INVALID when a configured address cannot be read
 */
export function permittedHubUrl(url: string, policy: HubOriginPolicy): URL {
  const hub = configuredUrl(policy.hubUrl, 'PERRY_HUB_URL');
  const named = parsed(url);
  if (!named || !isHttp(named)) throw refused('it is not an http or https address', url);
  if (named.username !== '' || named.password !== '') throw refused('it carries credentials', url);
  const pinned = policy.httpBaseUrl;
  const target = pinned === undefined ? named : withOrigin(named, pinned);
  if (pinned === undefined && !sameHost(target, hub)) throw refused('it is not the host of the hub', url);
  if (target.protocol === 'http:' && !mayBePlain(target, hub)) throw refused('it is not encrypted', url);
  target.hash = '';
  return target;
}

/** Reads an address from the configuration. */
export function configuredUrl(text: string, setting: string): URL {
  const url = parsed(text);
  if (url && url.username === '' && url.password === '') return url;
  throw new ShipError('CONFIG_INVALID', {
    summary: `The setting ${setting} cannot be used as the address of the hub.`,
    reason: url ? 'It carries a user name or a password.' : 'It is not a URL.',
    nextStep: `Set ${setting} to a plain address such as ${EXAMPLES[setting] ?? 'https://hub.example.net'}.`,
  });
}

const EXAMPLES: Readonly<Record<string, string>> = { PERRY_HUB_URL: 'wss://hub.perryts.com/ws' };

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

const isHttp = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:';

function withOrigin(url: URL, base: string): URL {
  const origin = configuredUrl(base, 'PERRY_HUB_HTTP_URL');
  if (isHttp(origin)) return new URL(`${url.pathname}${url.search}`.replace(/^\/+/, '/'), origin.origin);
  throw new ShipError('CONFIG_INVALID', {
    summary: 'The setting PERRY_HUB_HTTP_URL is not an http or https address.',
    reason: `It begins with "${origin.protocol}".`,
    nextStep: 'Set PERRY_HUB_HTTP_URL to the HTTP address of the hub, such as https://hub.example.net.',
  });
}

const isLoopback = (url: URL): boolean =>
  url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname);

const sameHost = (a: URL, b: URL): boolean => a.hostname === b.hostname || (isLoopback(a) && isLoopback(b));

const mayBePlain = (url: URL, hub: URL): boolean => isLoopback(url) || hub.protocol === 'ws:';

const refused = (why: string, url: string): ShipError =>
  new ShipError('HUB_URL_REFUSED', {
    summary: `The worker did not send the token of the job to the address that the hub gave, because ${why}.`,
    reason: 'The addresses in a job come from the public address that the hub was set up with.',
    nextStep:
      'Set PERRY_HUB_HTTP_URL on this worker to the HTTP address of the hub, or fix PERRY_HUB_PUBLIC_URL on the hub.',
    detail: { url: url.slice(0, 300) },
  });
