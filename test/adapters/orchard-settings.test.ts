import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { limitsWithin, orchardOptions } from '../../src/daemon/orchard-options.ts';
import { controllerCertificate } from '../orchard-emulator/certificate.ts';

const TOKEN = 'a-token-of-the-settings-test';
const given = {
  PERRY_VM_DRIVER: 'orchard',
  PERRY_ORCHARD_URL: 'https://orchard.example.com:6120',
  PERRY_ORCHARD_SERVICE_ACCOUNT: 'signer',
  PERRY_ORCHARD_TOKEN: TOKEN,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-orchard-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (changes: Record<string, string> = {}) =>
  orchardOptions(loadConfig({ ...given, ...changes }, 'linux').config);

/** The error, as a person reads it. */
function refusal(changes: Record<string, string>): string {
  try {
    options(changes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return String(error);
  }
  throw new Error('it was taken');
}

async function file(content: string, mode = 0o600): Promise<string> {
  const path = join(folder, 'token');
  await rm(path, { force: true });
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

test('what is not set is what most clusters of Macs need', () => {
  expect(options()).toMatchObject({
    ...{ url: given.PERRY_ORCHARD_URL, serviceAccount: 'signer', token: TOKEN, labels: {} },
    ...{ os: 'darwin', arch: 'arm64', runtime: 'tart', cpus: undefined, memoryMb: undefined },
    ...{ ca: undefined, fingerprint: undefined },
  });
  const seconds = (more: Record<string, string>) =>
    loadConfig({ ...given, ...more }, 'linux').config.vmCloneTimeoutSeconds;
  expect(seconds({})).toBe(2_700);
  expect(seconds({ PERRY_VM_CLONE_TIMEOUT_SECONDS: '900' })).toBe(900);
  expect(seconds({ PERRY_VM_DRIVER: 'local' })).toBe(300);
});

test('the deadline for a clone is that for the wait for a worker, and for the pull of an image', () => {
  const minutes = 60_000;
  expect(limitsWithin(45 * minutes)).toEqual({ queueTimeout: 30 * minutes, makeTimeout: 44 * minutes });
  expect(limitsWithin(180 * minutes)).toEqual({ queueTimeout: 30 * minutes, makeTimeout: 179 * minutes });
  expect(limitsWithin(10 * minutes)).toEqual({ queueTimeout: 9 * minutes, makeTimeout: 9 * minutes });
  expect(limitsWithin(minutes)).toEqual({ queueTimeout: minutes / 2, makeTimeout: minutes / 2 });
});

test('what is set is taken', () => {
  const set = {
    PERRY_ORCHARD_LABELS: 'pool = signing, disk=',
    PERRY_ORCHARD_CPU: '8',
    PERRY_ORCHARD_MEMORY_MB: '16384',
    PERRY_ORCHARD_OS: 'linux',
    PERRY_ORCHARD_ARCH: 'amd64',
    PERRY_ORCHARD_RUNTIME: 'vetu',
  };
  expect(options(set)).toMatchObject({
    ...{ labels: { pool: 'signing', disk: '' }, cpus: 8, memoryMb: 16_384 },
    ...{ os: 'linux', arch: 'amd64', runtime: 'vetu' },
  });
});

test.each([
  ['PERRY_ORCHARD_URL', 'orchard.example.com:6120', /must be an https:/],
  ['PERRY_ORCHARD_URL', 'http://orchard.example.com:6120', /must be an https:/],
  ['PERRY_ORCHARD_URL', 'https://orchard.example.com:6120/v1', /must end before "\/v1"/],
  ['PERRY_ORCHARD_SERVICE_ACCOUNT', 'a:b', /must be a name/],
  ['PERRY_ORCHARD_TOKEN', 'orchard-bootstrap-token-v0.c2ln.c2VjcmV0', /is a bootstrap token/],
  ['PERRY_ORCHARD_FINGERPRINT', 'AB:CD', /64 hexadecimal digits/],
  ['PERRY_ORCHARD_FINGERPRINT', 'Z'.repeat(64), /64 hexadecimal digits/],
  ['PERRY_ORCHARD_LABELS', 'pool', /must have the form/],
  ['PERRY_ORCHARD_LABELS', 'pool=signing,', /must have the form/],
  ['PERRY_ORCHARD_LABELS', '=signing', /must have the form/],
  ['PERRY_ORCHARD_LABELS', 'pool=a=b', /must have the form/],
  ['PERRY_ORCHARD_LABELS', 'pool=a, pool=b', /has a key twice/],
  ['PERRY_ORCHARD_CPU', '0', /from 1 to 256/],
  ['PERRY_ORCHARD_MEMORY_MB', '8G', /from 256 to/],
  ['PERRY_ORCHARD_OS', 'macos', /must be darwin or linux/],
  [
    'PERRY_ORCHARD_ARCH',
    'amd64',
    /PERRY_ORCHARD_ARCH must be arm64 while PERRY_ORCHARD_OS is darwin.* "amd64"/,
  ],
  [
    'PERRY_ORCHARD_RUNTIME',
    'vetu',
    /PERRY_ORCHARD_RUNTIME must be tart while PERRY_ORCHARD_OS is darwin.* "vetu"/,
  ],
])('%s=%s is refused, by its name', (variable, value, said) => {
  const text = refusal({ [variable]: value });
  expect(text).toContain(variable);
  expect(text).toMatch(said);
  expect(text).not.toContain('c2VjcmV0');
});

test('an amd64 machine of tart, and a certificate without TLS, cannot be', () => {
  const amd64 = { PERRY_ORCHARD_OS: 'linux', PERRY_ORCHARD_ARCH: 'amd64' };
  expect(refusal(amd64)).toContain('PERRY_ORCHARD_RUNTIME must be vetu');
  const plain = {
    PERRY_ORCHARD_URL: 'http://127.0.0.1:6120',
    PERRY_ORCHARD_FINGERPRINT: 'a'.repeat(64),
  };
  expect(refusal(plain)).toContain('PERRY_ORCHARD_URL must be an https:// address');
});

test('a password in an address is refused, and not shown', () => {
  const text = refusal({ PERRY_ORCHARD_URL: 'https://signer:s3cret@orchard.example.com' });
  expect(text).toContain('orchard.example.com');
  expect(text).not.toContain('s3cret');
});

test.each(['PERRY_ORCHARD_URL', 'PERRY_ORCHARD_SERVICE_ACCOUNT', 'PERRY_ORCHARD_TOKEN'])(
  'without %s no machine is made',
  (variable) => {
    expect(refusal({ [variable]: '' })).toContain(`Set ${variable}`);
  },
);

test.each([
  'AB:'.repeat(31),
  'ab '.repeat(31),
  `sha256 Fingerprint=${'AB:'.repeat(31)}`,
  `SHA256 Fingerprint=${'AB:'.repeat(31)}`,
  ` SHA-256 fingerprint=${'ab'.repeat(31)}`,
])('a fingerprint is taken as programs print it: %s…', (begin) => {
  expect(options({ PERRY_ORCHARD_FINGERPRINT: `${begin}cd\n` }).fingerprint).toBe(`${'AB:'.repeat(31)}CD`);
});

describe('a token in a file', () => {
  const fromFile = (path: string) => ({ PERRY_ORCHARD_TOKEN: '', PERRY_ORCHARD_TOKEN_FILE: path });

  test.each([TOKEN, `${TOKEN}\n`, `${TOKEN}\r\n`, `${TOKEN}  \n\n`, `${TOKEN}\t`, `\ufeff${TOKEN}\r\n`])(
    'is read without what an editor adds to it: %j',
    async (text) => {
      expect(options(fromFile(await file(text))).token).toBe(TOKEN);
      expect(options(fromFile(await file(text, 0o400))).token).toBe(TOKEN);
    },
  );

  test.each([0o640, 0o604, 0o644, 0o660, 0o620])('is refused at mode %o', async (mode) => {
    const path = await file(TOKEN, mode);
    const text = refusal(fromFile(path));
    expect(text).toContain(`Run: chmod 600 "${path}"`);
    expect(text).not.toContain(TOKEN);
  });

  test.each([
    ['nothing', '', /It is empty/],
    ['an empty line', '\n', /It is empty/],
    ['a mark of its encoding alone', '\ufeff\r\n', /It is empty/],
    ['text of another encoding', 't\0o\0k\0e\0n\0', /no text in UTF-8/],
    ['two lines', `${TOKEN}\nmore\n`, /more than one line/],
    ['too much', 'x'.repeat(20_000), /too long/],
    ['a bootstrap token', 'orchard-bootstrap-token-v0.c2ln.c2VjcmV0', /bootstrap token/],
  ])('that holds %s is refused', async (_, content, said) => {
    const text = refusal(fromFile(await file(content)));
    expect(text).toMatch(said);
    expect(text).toContain('PERRY_ORCHARD_TOKEN_FILE');
    expect(text).not.toContain('c2VjcmV0');
  });

  test('that is missing, a folder, a pipe or a device is refused, and not waited for', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(refusal(fromFile(join(folder, 'missing')))).toContain('ENOENT');
    for (const path of [folder, pipe, '/dev/zero'])
      expect(refusal(fromFile(path))).toContain('not a plain file');
  });

  test('and one in the environment are one too many', async () => {
    const both = { PERRY_ORCHARD_TOKEN_FILE: await file(TOKEN) };
    const text = refusal(both);
    expect(text).toContain('cannot be set together with PERRY_ORCHARD_TOKEN');
    expect(text).not.toContain(TOKEN);
  });
});

test('a certificate that has no end is not read', () => {
  expect(refusal({ PERRY_ORCHARD_CA_FILE: '/dev/zero' })).toContain('PERRY_ORCHARD_CA_FILE');
});

test('a certificate is a PEM file', async () => {
  const path = join(folder, 'controller.crt');
  await writeFile(path, controllerCertificate().cert);
  expect(options({ PERRY_ORCHARD_CA_FILE: path }).ca).toContain('BEGIN CERTIFICATE');
  await writeFile(path, 'nothing of that kind');
  for (const wrong of [path, join(folder, 'missing')])
    expect(refusal({ PERRY_ORCHARD_CA_FILE: wrong })).toContain('PERRY_ORCHARD_CA_FILE');
});

describe('jobs at the same time', () => {
  const jobs = (asked: string, more: Record<string, string> = {}) => {
    const { maxConcurrent, followsRoom } = loadConfig(
      { ...given, PERRY_MAX_CONCURRENT_BUILDS: asked, ...more },
      'linux',
    ).config;
    return { maxConcurrent, followsRoom };
  };
  test.each([
    ['auto', 256, true],
    ['256', 256, false],
    ['1', 1, false],
  ])('%s', (asked, maxConcurrent, followsRoom) => {
    expect(jobs(asked)).toEqual({ maxConcurrent, followsRoom });
  });

  test.each([
    ['257', {}, /whole number from 1 to 256/],
    ['0', {}, /whole number from 1 to 256/],
    ['Auto', {}, /must be a whole number, or auto/],
    ['65', { PERRY_VM_DRIVER: 'qemu' }, /whole number from 1 to 64/],
    ['auto', { PERRY_VM_DRIVER: 'tart' }, /auto is for PERRY_VM_DRIVER=orchard/],
    ['auto', { PERRY_ORCHARD_RUNTIME: 'vetu', PERRY_ORCHARD_OS: 'linux' }, /how many machines of vetu/],
  ])('%s is refused with %o', (asked, more, said) => {
    expect(() => jobs(asked, more)).toThrow(said);
  });
});
