import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { imageName } from '../../src/daemon/golden-image.ts';
import { orchardOptions } from '../../src/daemon/orchard-options.ts';
import { type Answer, answer } from '../../src/doctor/check.ts';
import { clusterChecks } from '../../src/doctor/cluster/checks.ts';
import { controllerCertificate } from '../orchard-emulator/certificate.ts';
import { ACCOUNT, type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';
import type { Role } from '../orchard-emulator/resources.ts';
import { orchardSettings } from '../orchard-emulator/settings.ts';

const MINUTE_MS = 60_000;
const DIGEST = `@sha256:${'ab'.repeat(32)}`;

let folder: string;
let host: OrchardHost;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-doctor-cluster-'));
});
afterEach(async () => {
  await host.remove();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: OrchardHostOptions = {}): Promise<Record<string, string>> {
  host = await orchardHost(options);
  const ca = join(folder, 'controller.crt');
  await writeFile(ca, host.certificate);
  return { ...orchardSettings({ ...host, certificateFile: ca }), PERRY_MAX_CONCURRENT_BUILDS: '2' };
}

async function examined(env: Record<string, string>): Promise<Answer[]> {
  const { config } = loadConfig(env, 'linux');
  const signal = AbortSignal.timeout(60_000);
  const answers: Answer[] = [];
  for (const check of clusterChecks(config, () => orchardOptions(config), imageName(config)))
    answers.push(await answer(check, signal));
  expect(JSON.stringify(answers)).not.toContain(ACCOUNT.token);
  expect(answers.filter(({ verdict, fix }) => verdict !== 'ok' && !fix)).toEqual([]);
  return answers;
}

const QUESTIONS = {
  answers: /controller of the cluster answer/,
  certificate: /certificate the right one/,
  account: /know the service account/,
  version: /version/,
  roles: /What may the service account do/,
  workers: /workers for the machines/,
  slots: /slots free/,
  image: /golden image/,
  login: /logged into/,
};
type Question = keyof typeof QUESTIONS;
const order = Object.keys(QUESTIONS) as Question[];

function about(answers: readonly Answer[], question: Question): Answer {
  const found = answers.find((each) => QUESTIONS[question].test(each.question));
  if (!found) throw new Error(`nobody asked ${question}`);
  return found;
}

/** Everything that needs what was not answered says so, and was not asked. */
function expectUnknownAfter(answers: readonly Answer[], question: Question): void {
  for (const later of order.slice(order.indexOf(question) + 1))
    if (later !== 'login') expect(about(answers, later).evidence).toMatch(/^Not known/);
}

const grant = (...roles: Role[]) => host.cluster.accounts.set(ACCOUNT.name, { ...ACCOUNT, roles });
const worker = (name: string) => {
  const found = host.cluster.workers.get(name);
  if (!found) throw new Error(`no worker ${name}`);
  return found;
};

test('a cluster in which all is well: every question has its evidence, and nothing was changed', async () => {
  const env = await start();
  for (const name of ['a', 'b']) host.cluster.create({ name, image: 'golden', headless: true });
  await host.tick();
  const answers = await examined({ ...env, PERRY_TART_IMAGE: `registry.example.com/golden${DIGEST}` });
  expect(answers.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  expect(answers.map(({ question }) => order.find((name) => QUESTIONS[name].test(question)))).toEqual(order);
  expect(about(answers, 'certificate').evidence).toMatch(
    /^CN=Orchard Controller, for DNS:orchard-controller, until 20\d\d-\d\d-\d\d, SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}; trusted by PERRY_ORCHARD_CA_FILE$/,
  );
  expect(about(answers, 'roles').evidence).toBe('compute:read, compute:write, and no more');
  expect(about(answers, 'workers').evidence).toBe('2 of 2: mac-01, mac-02');
  expect(about(answers, 'slots').evidence).toMatch(/^2 of 4; 0 machines of perry-ship and 2 of others/);
  expect([...host.cluster.vms.keys()]).toEqual(['a', 'b']);
  const changes = host.cluster.calls.filter(({ method }) => method !== 'GET');
  expect(changes).toEqual([{ method: 'DELETE', path: expect.stringMatching(/^\/vms\/perry-ship-doctor-/) }]);
  expect(host.cluster.calls.map(({ path }) => path)).not.toContain('/service-accounts');
  expect(host.cluster.violations).toEqual([]);
});

test('without TLS, on this very host', async () => {
  const env = await start({ transport: 'plain' });
  const answers = await examined({ ...env, PERRY_ORCHARD_CA_FILE: '' });
  expect(about(answers, 'certificate')).toMatchObject({
    verdict: 'ok',
    evidence: expect.stringContaining('without TLS'),
  });
  expect(about(answers, 'account')).toMatchObject({ verdict: 'ok', evidence: 'Yes, "signer"' });
});

describe('what is missing, or does not answer', () => {
  test('a setting', async () => {
    const answers = await examined({ ...(await start()), PERRY_ORCHARD_URL: '' });
    expect(about(answers, 'answers')).toMatchObject({
      ...{ verdict: 'failed', code: 'CONFIG_INVALID' },
      fix: expect.stringContaining('Set PERRY_ORCHARD_URL'),
    });
    expectUnknownAfter(answers, 'answers');
  });

  test('a token in a file that others may read', async () => {
    const env = await start();
    const file = join(folder, 'token');
    await writeFile(file, ACCOUNT.token);
    await chmod(file, 0o640);
    const given = { ...env, PERRY_ORCHARD_TOKEN: '', PERRY_ORCHARD_TOKEN_FILE: file };
    expect(about(await examined(given), 'answers').fix).toBe(`Run: chmod 600 "${file}"`);
    await chmod(file, 0o600);
    expect(about(await examined(given), 'account').verdict).toBe('ok');
  });

  test('the controller', async () => {
    const env = await start();
    const answers = await examined({ ...env, PERRY_ORCHARD_URL: 'https://127.0.0.1:9' });
    expect(about(answers, 'answers')).toMatchObject({
      ...{ verdict: 'failed', code: 'CLUSTER_UNREACHABLE' },
      evidence: expect.stringContaining('ECONNREFUSED'),
    });
    expectUnknownAfter(answers, 'answers');
  });

  test('TLS at that address', async () => {
    const env = await start({ transport: 'plain' });
    const answers = await examined({ ...env, PERRY_ORCHARD_URL: host.url.replace('http:', 'https:') });
    expect(about(answers, 'answers')).toMatchObject({ verdict: 'failed', code: 'CLUSTER_UNREACHABLE' });
    expect(host.cluster.calls).toEqual([]);
  });
});

describe('the certificate', () => {
  const own = () => new X509Certificate(host.certificate).fingerprint256;

  test('one that nobody has vouched for is shown, with what to compare it with; nothing is sent', async () => {
    const env = await start();
    const answers = await examined({ ...env, PERRY_ORCHARD_CA_FILE: '' });
    expect(about(answers, 'certificate')).toMatchObject({
      verdict: 'failed',
      evidence: expect.stringMatching(/^It is not \(DEPTH_ZERO_SELF_SIGNED_CERT\)/),
      fix: expect.stringMatching(/openssl x509 -noout -fingerprint -sha256.*PERRY_ORCHARD_FINGERPRINT/),
    });
    expect(about(answers, 'certificate').evidence).toContain(own());
    expectUnknownAfter(answers, 'certificate');
    expect(host.cluster.calls).toEqual([]);
  });

  test('one that is pinned is enough; another one than the pinned is refused', async () => {
    const env = { ...(await start()), PERRY_ORCHARD_CA_FILE: '' };
    const right = await examined({ ...env, PERRY_ORCHARD_FINGERPRINT: own().replaceAll(':', ' ') });
    expect(about(right, 'certificate')).toMatchObject({
      verdict: 'ok',
      evidence: expect.stringContaining('pinned by PERRY_ORCHARD_FINGERPRINT'),
    });
    expect(about(right, 'account').verdict).toBe('ok');
    const wrong = await examined({ ...env, PERRY_ORCHARD_FINGERPRINT: 'ab'.repeat(32) });
    expect(about(wrong, 'certificate')).toMatchObject({
      verdict: 'failed',
      evidence: expect.stringContaining('ERR_TLS_CERT_NOT_PINNED'),
    });
    expectUnknownAfter(wrong, 'certificate');
  });

  test.each([
    ['for another name', 'elsewhere.example', 3_650, 'ERR_TLS_CERT_ALTNAME_INVALID', /PERRY_ORCHARD_URL/],
    ['that has ended', 'orchard-controller', -1, 'CERT_HAS_EXPIRED', /new certificate/],
  ])('one %s', async (_, name, days, fault, fix) => {
    const env = await start({ certificate: controllerCertificate(name, days) });
    const answers = await examined(env);
    expect(about(answers, 'certificate')).toMatchObject({
      ...{ verdict: 'failed', evidence: expect.stringContaining(fault), fix: expect.stringMatching(fix) },
    });
    expectUnknownAfter(answers, 'certificate');
  });

  test('one that ends soon', async () => {
    const env = await start({ certificate: controllerCertificate('orchard-controller', 12) });
    expect(about(await examined(env), 'certificate')).toMatchObject({
      ...{ verdict: 'remark', evidence: expect.stringMatching(/ends in 1[12] days$/) },
      fix: expect.stringContaining('new certificate'),
    });
  });
});

describe('the account', () => {
  test.each([
    ['a wrong token', { PERRY_ORCHARD_TOKEN: 'wrong' }],
    ['a name that is not known', { PERRY_ORCHARD_SERVICE_ACCOUNT: 'somebody' }],
  ])('%s', async (_, changes) => {
    const answers = await examined({ ...(await start()), ...changes });
    expect(about(answers, 'account')).toMatchObject({
      ...{ verdict: 'failed', evidence: expect.stringContaining('refuses') },
      fix: expect.stringMatching(
        /orchard create service-account .* --roles compute:read --roles compute:write$/,
      ),
    });
    expectUnknownAfter(answers, 'account');
  });

  test.each<[Role[], string, RegExp]>([
    [['compute:read'], 'failed', /^compute:read: it lacks compute:write$/],
    [['compute:write'], 'failed', /^compute:write: it lacks compute:read$/],
    [[], 'failed', /^nothing: it lacks compute:read and compute:write$/],
    [['compute:read', 'compute:write', 'compute:connect'], 'ok', /and no more$/],
    [['compute:read', 'compute:write', 'admin:read'], 'remark', /read the tokens of all accounts$/],
    [['compute:read', 'compute:write', 'admin:write'], 'remark', /can make accounts/],
    [['compute:read', 'compute:write', 'admin:read', 'admin:write'], 'remark', /tokens.*and can make/],
  ])('with the roles %j', async (roles, verdict, evidence) => {
    const env = await start();
    grant(...roles);
    const answers = await examined(env);
    expect(about(answers, 'roles')).toMatchObject({ verdict, evidence: expect.stringMatching(evidence) });
    if (!roles.includes('compute:read')) expectUnknownAfter(answers, 'roles');
    else expect(about(answers, 'workers').verdict).toBe('ok');
  });
});

test.each([
  ['0.55.3', 'ok', /Orchard 0\.55\.3/],
  ['0.56.0', 'remark', /newer than 0\.55/],
  ['1.2.0', 'remark', /newer than 0\.55/],
  ['0.51.0', 'remark', /older than 0\.55/],
  ['devel', 'remark', /not to be compared/],
])('version %s', async (version, verdict, evidence) => {
  const env = await start({ knobs: { version } });
  expect(about(await examined(env), 'version')).toMatchObject({
    ...{ verdict, evidence: expect.stringMatching(evidence) },
  });
});

test('a controller that is too old', async () => {
  const env = await start({ knobs: { version: '0.43.0', capabilities: ['rpc-v1'] } });
  expect(about(await examined(env), 'version')).toMatchObject({
    ...{ verdict: 'failed', code: 'CLUSTER_TOO_OLD', evidence: expect.stringContaining('vm-state-endpoint') },
    fix: expect.stringContaining('0.55.0'),
  });
});

describe('the workers', () => {
  const macs = [
    { name: 'mac-01', labels: { pool: 'signing' } },
    { name: 'mac-02', labels: { pool: 'signing' } },
    { name: 'mac-03', labels: { pool: 'tests' } },
    { name: 'box-01', arch: 'amd64', runtime: 'vetu' },
  ];
  const labelled = { PERRY_ORCHARD_LABELS: 'pool=signing' };

  test('none at all', async () => {
    expect(about(await examined(await start({ workers: [] })), 'workers')).toMatchObject({
      ...{ verdict: 'failed', evidence: 'The cluster has none' },
      fix: expect.stringContaining('orchard worker run'),
    });
  });

  test('those that fit, and why others do not', async () => {
    const env = await start({ workers: macs });
    expect(about(await examined({ ...env, ...labelled }), 'workers')).toMatchObject({
      verdict: 'ok',
      evidence: '2 of 4: mac-01, mac-02; without pool=signing: mac-03; of another kind: box-01 (amd64, vetu)',
    });
  });

  test('one that is silent, and one that is paused', async () => {
    const env = await start({ workers: macs });
    worker('mac-01').lastSeenMs -= 12 * MINUTE_MS;
    worker('mac-02').isPaused = true;
    const answers = await examined(env);
    expect(about(answers, 'workers')).toMatchObject({
      verdict: 'remark',
      evidence: expect.stringMatching(
        /^1 of 4: mac-03; mac-01 is silent for 12 minutes; paused: mac-02; of another/,
      ),
      fix: expect.stringContaining('orchard delete worker "mac-01"'),
    });
    expect(about(answers, 'slots').evidence).toMatch(/^2 of 2;/);
    worker('mac-01').lastSeenMs = Date.now();
    expect(about(await examined(env), 'workers')).toMatchObject({
      ...{ verdict: 'remark', fix: expect.stringContaining('orchard resume worker "mac-02"') },
    });
  });

  test.each([
    ['behind', -85, /^2 of 2: .*; mac-01 says that its last sign of life was 8\d s ago/],
    ['ahead', 300, /^2 of 2: .*; mac-01 says that its last sign of life comes in (?:29|30)\d s$/],
  ])('one whose clock is %s gets machines, and is told', async (_, seconds, evidence) => {
    const env = await start();
    worker('mac-01').lastSeenMs += seconds * 1_000;
    const answers = await examined(env);
    expect(about(answers, 'workers')).toMatchObject({
      ...{ verdict: 'remark', evidence: expect.stringMatching(evidence) },
      fix: expect.stringMatching(/^If "mac-01" runs, its clock is wrong.*sntp/),
    });
    expect(about(answers, 'slots').evidence).toMatch(/^4 of 4;/);
  });

  test('one whose clock is so far behind that it gets none', async () => {
    const env = await start({ workers: [{ name: 'mac-01' }] });
    worker('mac-01').lastSeenMs -= 5 * MINUTE_MS;
    expect(about(await examined(env), 'workers')).toMatchObject({
      ...{ verdict: 'failed', evidence: '0 of 1; mac-01 is silent for 5 minutes' },
      fix: expect.stringMatching(/the clock of that Mac is behind: run "sudo sntp/),
    });
  });

  test.each<[string, Record<string, string>, RegExp, RegExp]>([
    ['labels', { PERRY_ORCHARD_LABELS: 'pool=none' }, /^0 of 4; without pool=none/, /--labels pool=none/],
    [
      'kind',
      { PERRY_ORCHARD_OS: 'linux', PERRY_ORCHARD_RUNTIME: 'vetu' },
      /of another kind/,
      /PERRY_ORCHARD_ARCH/,
    ],
  ])('none that fits, by its %s', async (_, changes, evidence, fix) => {
    const env = await start({ workers: macs });
    expect(about(await examined({ ...env, ...changes }), 'workers')).toMatchObject({
      ...{ verdict: 'failed', evidence: expect.stringMatching(evidence), fix: expect.stringMatching(fix) },
    });
  });

  test('slots: all are taken, more are wanted than there are, or nobody counts them', async () => {
    const env = await start({ workers: [{ name: 'mac-01' }] });
    for (const name of ['a', 'b', 'c']) host.cluster.create({ name, image: 'golden', headless: true });
    await host.tick();
    expect(about(await examined(env), 'slots')).toMatchObject({
      ...{ verdict: 'remark', evidence: expect.stringMatching(/^0 of 2; .* 1 wait for a worker$/) },
      fix: expect.stringContaining('orchard list vms'),
    });
    expect(about(await examined({ ...env, PERRY_MAX_CONCURRENT_BUILDS: '9' }), 'slots')).toMatchObject({
      ...{ verdict: 'remark', evidence: expect.stringContaining('9 jobs at a time') },
      fix: expect.stringContaining('to 2 at most'),
    });
    Object.assign(worker('mac-01').spec, { resources: {} });
    expect(about(await examined(env), 'slots')).toMatchObject({
      verdict: 'ok',
      evidence: expect.stringContaining('no limit'),
    });
  });
});

describe('the image', () => {
  const REGISTRY = 'registry.example.com/mac/golden:1';

  test('a name on each Mac: which of them run machines of it is known, and no more', async () => {
    const env = await start();
    expect(about(await examined(env), 'image')).toMatchObject({
      verdict: 'remark',
      evidence: expect.stringMatching(
        /on the disk of each Mac.*no machine of it runs now, of mac-01, mac-02 nothing/,
      ),
      fix: expect.stringContaining('tart list'),
    });
    for (const name of ['a', 'b', 'c']) host.cluster.create({ name, image: 'golden', headless: true });
    await host.tick();
    expect(about(await examined(env), 'image')).toMatchObject({
      ...{ verdict: 'ok', evidence: expect.stringContaining('machines of it run on mac-01, mac-02') },
    });
  });

  test('a tag is told with the digest that it has now, where a worker has taken it', async () => {
    const env = { ...(await start({ images: [REGISTRY] })), PERRY_TART_IMAGE: REGISTRY };
    expect(about(await examined(env), 'image')).toMatchObject({
      ...{ verdict: 'remark', evidence: expect.stringContaining('a tag') },
      fix: expect.stringContaining('tart fqn'),
    });
    host.cluster.create({ name: 'a', image: REGISTRY, headless: true });
    await host.tick();
    host.cluster.read('a').image_fqn = `registry.example.com/mac/golden${DIGEST}`;
    expect(about(await examined(env), 'image').fix).toBe(
      `Name it by its digest: PERRY_TART_IMAGE=registry.example.com/mac/golden${DIGEST}`,
    );
  });
});

test.each([
  ['no pinned host key', { PERRY_TART_HOST_KEY: '' }, /PERRY_TART_HOST_KEY/],
  ['no key to log in with', { PERRY_TART_SSH_KEY_FILE: '/nowhere/key' }, /PERRY_TART_SSH_KEY_FILE/],
])('login: %s', async (_, changes, fix) => {
  expect(about(await examined({ ...(await start()), ...changes }), 'login')).toMatchObject({
    ...{ verdict: 'failed', fix: expect.stringMatching(fix) },
  });
});
