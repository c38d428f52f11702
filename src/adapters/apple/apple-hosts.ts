import { isGuarded, isLoopback, isServiceUrl } from '../../domain/service-url.ts';
import { ShipError } from '../../errors.ts';
import { withoutTrailing } from '../../text.ts';

/** Where files of Apple's services lie; an address that an answer names must be below one of these. */
const FILE_HOSTS = ['apple.com', 'icloud-content.com', 'amazonaws.com'];

/**
 * Reads the configured address of a service: https, or http to this machine only, without credentials in it.
 *
 * @param setting - name of the environment variable, for the error
 * @throws ShipError APPLE_URL_REFUSED
 */
export function serviceUrl(text: string, setting: string): URL {
  if (isServiceUrl(text)) return new URL(text);
  throw new ShipError('APPLE_URL_REFUSED', {
    summary: `The setting ${setting} cannot be used.`,
    reason: 'It is not a plain https address; http is for this machine only.',
    nextStep: `Correct ${setting}, or remove it so that Apple's own address is used.`,
  });
}

/** `base` with path segments added, each percent-encoded. */
export function below(base: URL, ...segments: readonly string[]): URL {
  const url = new URL(base);
  const path = segments.map(encodeURIComponent).join('/');
  url.pathname = `${withoutTrailing(url.pathname, '/')}/${path}`;
  return url;
}

/**
 * Checks an address that an answer named: a file of Apple's, or, when the service itself is on this machine, one
 * on this machine.
 *
 * @param service - the configured address of the service whose answer it was
 * @throws ShipError APPLE_URL_REFUSED
 */
export function fileUrl(named: unknown, service: URL): URL {
  const url = typeof named === 'string' && URL.canParse(named) ? new URL(named) : undefined;
  if (url && url.username === '' && isFileHost(url, service)) return url;
  throw new ShipError('APPLE_URL_REFUSED', {
    summary: "An answer of Apple's named an address that is not used.",
    reason: `Its host is ${url ? url.host.slice(0, 100) : 'not readable'}, which is none of Apple's.`,
    nextStep: 'Check the address of the service in the PERRY_* settings, and the proxy of this host.',
  });
}

function isFileHost(url: URL, service: URL): boolean {
  if (isLoopback(url)) return isLoopback(service) && isGuarded(url);
  const isApples = FILE_HOSTS.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`));
  return isApples && url.protocol === 'https:';
}
