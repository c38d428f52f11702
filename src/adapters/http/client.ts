/**
 * The HTTP client, in a module of its own so that it can be loaded when it is needed: reading it is a fourth of what a
 * start of the daemon would cost. Not `import('undici')`: in a bundle the names of a package in the older module format
 * are known only to a plain import.
 */
export { Agent, buildConnector, EnvHttpProxyAgent, fetch, request } from 'undici';
