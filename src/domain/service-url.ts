/** This machine itself: the only place that is spoken to without encryption. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** https, or http to this machine. */
export const isGuarded = (url: URL): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));

/** Whether a text can be the address of a service: guarded, and without user name, password, query or fragment. */
export function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return isGuarded(url) && [url.username, url.password, url.search, url.hash].every((part) => part === '');
}
