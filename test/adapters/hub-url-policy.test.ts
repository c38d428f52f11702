import { describe, expect, test } from 'vitest';
import { permittedHubUrl } from '../../src/adapters/hub/url-policy.ts';
import { loadConfig } from '../../src/config/load.ts';
import { secretsIn } from '../../src/domain/url-secrets.ts';
import type { ShipError } from '../../src/errors.ts';

const production = { hubUrl: 'wss://hub.perryts.com/ws' };
const codeFor = (url: string, policy: Parameters<typeof permittedHubUrl>[1]): string => {
  try {
    return permittedHubUrl(url, policy).href;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('where a token may go', () => {
  test.each([
    ['https://hub.perryts.com/api/v1/tarball/J', production, 'https://hub.perryts.com/api/v1/tarball/J'],
    ['https://hub.perryts.com:8443/t?a=b#c', production, 'https://hub.perryts.com:8443/t?a=b'],
    ['http://hub.perryts.com/t', production, 'HUB_URL_REFUSED'],
    ['https://evil.example/t', production, 'HUB_URL_REFUSED'],
    ['https://hub.perryts.com.evil.example/t', production, 'HUB_URL_REFUSED'],
    ['https://hub.perryts.com@evil.example/t', production, 'HUB_URL_REFUSED'],
    ['https://user:pw@hub.perryts.com/t', production, 'HUB_URL_REFUSED'],
    ['http://127.0.0.1:3456/t', production, 'HUB_URL_REFUSED'],
    ['file:///etc/passwd', production, 'HUB_URL_REFUSED'],
    ['ftp://hub.perryts.com/t', production, 'HUB_URL_REFUSED'],
    ['not a url', production, 'HUB_URL_REFUSED'],
    ['http://10.0.0.5:3456/t', { hubUrl: 'ws://10.0.0.5:3457' }, 'http://10.0.0.5:3456/t'],
    ['https://hub.perryts.com/t', { hubUrl: 'ws://10.0.0.5:3457' }, 'HUB_URL_REFUSED'],
    ['http://localhost:3456/t', { hubUrl: 'ws://127.0.0.1:3457' }, 'http://localhost:3456/t'],
    ['http://localhost:3456/t', { hubUrl: 'wss://[::1]:3457' }, 'http://localhost:3456/t'],
    ['http://127.0.0.1.evil.example/t', { hubUrl: 'ws://127.0.0.1:3457' }, 'HUB_URL_REFUSED'],
  ])('%s for %j', (url, policy, expected) => {
    expect(codeFor(url, policy)).toBe(expected);
  });

  test.each([
    [
      'https://hub.perryts.com/api/v1/t?x=1',
      'https://hub.internal:8443',
      'https://hub.internal:8443/api/v1/t?x=1',
    ],
    [
      'https://hub.perryts.com//evil.example/t',
      'https://hub.internal',
      'https://hub.internal/evil.example/t',
    ],
    ['https://hub.perryts.com/t', 'http://hub.internal', 'HUB_URL_REFUSED'],
    ['https://hub.perryts.com/t', 'http://localhost:3456/', 'http://localhost:3456/t'],
    ['https://hub.perryts.com/t', 'hub.internal', 'CONFIG_INVALID'],
    ['https://hub.perryts.com/t', 'wss://hub.internal', 'CONFIG_INVALID'],
    ['https://hub.perryts.com/t', 'https://u:p@hub.internal', 'CONFIG_INVALID'],
  ])('%s with the base %s', (url, httpBaseUrl, expected) => {
    expect(codeFor(url, { ...production, httpBaseUrl })).toBe(expected);
  });

  test('a configured address that is none', () => {
    expect(codeFor('https://hub.perryts.com/t', { hubUrl: 'hub' })).toBe('CONFIG_INVALID');
  });
});

test.each([
  [
    'PERRY_HUB_URL',
    'wss://me:s3cret-word@hub.example/ws?key=s3cret-token',
    /"wss:\/\/…@hub\.example\/ws\?…"/,
  ],
  ['PERRY_HUB_HTTP_URL', 'https://me:s3cret@word@hub.example', /"https:\/\/…@hub\.example"/],
  [
    'PERRY_HUB_HTTP_URL',
    'ftp://hub.example?key=s3cret-token',
    /http:\/\/ or https:\/\/.*"ftp:\/\/hub\.example\?…"/,
  ],
])('%s is refused at the start when it cannot be used, and its secrets are not told', (name, value, says) => {
  const wrong = thrownBy(() => loadConfig({ [name]: value }));
  expect(wrong).toMatchObject({ code: 'CONFIG_INVALID', failure: { reason: expect.stringMatching(says) } });
  expect(String((wrong as ShipError).failure.reason)).not.toMatch(/s3cret|word@/);
});

test('what may be secret in an address that works is hidden in the log', () => {
  expect(secretsIn('http://me:pass%20word@tsa.example/?region=eu&key=token-of-mine')).toEqual([
    ...['pass%20word', 'pass word', 'token-of-mine'],
  ]);
  for (const address of ['wss://hub.example/ws?region=eu', 'none']) expect(secretsIn(address)).toEqual([]);
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
