import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { afterEach, expect, test, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
import { fingerprintOfKey } from '../../src/adapters/guest/ssh/keys.ts';
import { never } from '../helpers/local-vm.ts';
import { guestUser, hostKey, userKey } from '../orchard-emulator/guest.ts';
import { ACCOUNT, type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';
import { NO_TIME } from '../orchard-emulator/resources.ts';

/** The emulator says what Orchard 0.55.0 says, to a client that is not ours. */
let host: OrchardHost;
const start = async (options: OrchardHostOptions = {}) => {
  host = await orchardHost(options);
};
afterEach(() => host.remove());

const basic = (name: string, token: string) => `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`;
const headers = { authorization: basic(ACCOUNT.name, ACCOUNT.token), 'user-agent': 'test/1' };
const trust = () => ({ ca: host.certificate, servername: 'orchard-controller' });

interface Said {
  readonly status: number | undefined;
  readonly text: string;
  readonly json: unknown;
}

async function ask(method: string, path: string, body?: unknown, more: object = {}): Promise<Said> {
  const sent = httpsRequest(`${host.url}/v1${path}`, { method, headers, agent: false, ...trust(), ...more });
  sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const piece of response) text += piece;
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return { status: response.statusCode, text, json: isJson ? JSON.parse(text) : undefined };
}

const vm = (name: string, more: object = {}) => ({ name, image: 'golden', headless: true, ...more });
const view = async (name: string) => (await ask('GET', `/vms/${name}`)).json;

function openTunnel(name: string, { wait = 10, port = 22, own = {} as object } = {}) {
  const url = `${host.url.replace('http', 'ws')}/v1/vms/${name}/port-forward?port=${port}&wait=${wait}`;
  return new WebSocket(url, { headers, ...trust(), perMessageDeflate: false, ...own });
}

async function refusedWith(tunnel: WebSocket): Promise<number | undefined> {
  tunnel.on('error', () => {});
  const [, response] = await once(tunnel, 'unexpected-response');
  response.destroy();
  return response.statusCode;
}

test('its certificate is good for one name alone, and for nobody who has not got it', async () => {
  await start();
  const failsWith = (code: string, own: object) =>
    expect(ask('GET', '/controller/info', undefined, own)).rejects.toMatchObject({ code });
  await failsWith('ERR_TLS_CERT_ALTNAME_INVALID', { servername: undefined });
  await failsWith('DEPTH_ZERO_SELF_SIGNED_CERT', { ca: undefined });
  expect((await ask('GET', '/controller/info')).json).toMatchObject({
    capabilities: expect.arrayContaining(['vm-state-endpoint']),
  });
});

test('credentials: 401 for a wrong one and for a missing role, and an open first page', async () => {
  await start();
  const wrong = { headers: { ...headers, authorization: basic('signer', 'wrong') } };
  expect(await ask('GET', '/controller/info', undefined, wrong)).toMatchObject({ status: 401, text: '' });
  expect(await ask('GET', '/', undefined, wrong)).toMatchObject({ status: 200 });
  expect(await ask('GET', '/service-accounts')).toMatchObject({
    status: 401,
    json: { message: 'all of the following roles must be present: admin:read' },
  });
  host.cluster.accounts.set('signer', { ...ACCOUNT, roles: ['compute:read'] });
  expect(await ask('POST', '/vms', vm('a'))).toMatchObject({ status: 401 });
  expect(await refusedWith(openTunnel('a'))).toBe(401);
});

test.each([
  ['{', 400, 'invalid JSON was provided'],
  [{ ...vm('a'), resources: { x: '1' } }, 400, 'invalid JSON was provided'],
  [{ ...vm('a'), cpu: '4' }, 400, 'invalid JSON was provided'],
  [{ ...vm('a'), os: 'plan9' }, 400, undefined],
  [{ ...vm('a'), hostDirs: [{ name: 'x', path: '/' }] }, 400, undefined],
  [{ image: 'golden' }, 412, 'VM name is empty'],
  [vm('a/b'), 412, 'VM name name contains restricted characters, please only use [A-Za-z0-9:-_.]'],
  [{ name: 'a' }, 412, 'VM image is empty'],
  [{ ...vm('a'), imagePullPolicy: 'x' }, 412, 'unsupported image pull policy: "x"'],
  [{ ...vm('a'), restart_policy: 'x' }, 412, 'unsupported restart policy: "x"'],
  [
    { ...vm('a'), runtime: 'vetu', netSoftnet: true },
    412,
    'runtime "vetu" does not support field "netSoftnet"',
  ],
  [vm('taken'), 409, 'VM with this name already exists'],
])('a machine that it does not take: %j', async (body, status, message) => {
  await start();
  await ask('POST', '/vms', vm('taken'));
  const said = await ask('POST', '/vms', body);
  expect(said).toMatchObject(message === undefined ? { status, text: '' } : { status, json: { message } });
});

test('a machine is queued, cloned, running, and gone; each is seen', async () => {
  await start({ workers: [{ name: 'mac-01' }], knobs: { cloneTicks: 3 } });
  expect(await ask('GET', '/vms')).toMatchObject({ status: 200, json: [] });
  for (const name of ['a', 'b', 'c'])
    expect(await ask('POST', '/vms', vm(name))).toMatchObject({ status: 200 });
  expect(await view('a')).toMatchObject({
    ...{ status: 'pending', worker: 'mac-01', started_at: NO_TIME, powerState: 'running' },
    ...{ os: 'darwin', arch: 'arm64', runtime: 'tart', resources: { 'org.cirruslabs.tart-vms': 1 } },
  });
  await host.tick();
  expect(await view('a')).not.toHaveProperty('status_message');
  await host.tick();
  expect(await view('a')).toMatchObject({ status: 'pending', status_message: 'cloning VM...' });
  await host.tick();
  expect(await view('a')).toMatchObject({ status: 'running', status_message: 'VM started' });
  expect(await view('c')).toMatchObject({ status: 'pending', conditions: [{ state: 'false' }] });
  expect(await ask('DELETE', '/vms/a')).toMatchObject({ status: 200, text: '' });
  expect(await ask('DELETE', '/vms/a')).toMatchObject({ status: 404, text: '' });
  expect(await ask('GET', '/vms/a')).toMatchObject({ status: 404, text: '' });
  for (let count = 0; count < 3; count += 1) await host.tick();
  expect(await view('c')).toMatchObject({ status: 'running' });
});

test('what fits goes first; what never fits waits for ever, and says nothing', async () => {
  await start();
  await ask('POST', '/vms', vm('never', { labels: { pool: 'other' } }));
  await ask('POST', '/vms', vm('fits'));
  for (let count = 0; count < 40; count += 1) await host.tick();
  expect(await view('never')).toMatchObject({ status: 'pending' });
  expect(await view('never')).not.toHaveProperty('worker');
  expect(await view('fits')).toMatchObject({ status: 'running' });
});

test('an image that is not there, and a guest that ends, are failures for good', async () => {
  await start();
  await ask('POST', '/vms', vm('a', { image: 'missing' }));
  await ask('POST', '/vms', vm('b'));
  await host.tick();
  expect(await view('a')).toMatchObject({
    status: 'failed',
    status_message: expect.stringMatching(/^failed to clone the VM: tart command failed: ".*missing/),
  });
  expect(await refusedWith(openTunnel('a'))).toBe(417);
  process.kill(host.pidOf('b'), 'SIGKILL');
  await vi.waitFor(async () => {
    await host.tick();
    expect(await view('b')).toMatchObject({ status_message: 'VM failed: VM exited unexpectedly' });
  }, 5_000);
});

test('SSH through a tunnel that was wrapped before it opened, with the host key of the image', async () => {
  // ssh2 1.17 takes the first line of a server in two pieces at most
  await start({ knobs: { bootTicks: 1, chunkBytes: [64, 1, 7, 65_536] } });
  await ask('POST', '/vms', vm('a'));
  expect(await refusedWith(openTunnel('a', { wait: 1 }))).toBe(408);
  await host.tick();
  expect(await refusedWith(openTunnel('a', { wait: 1 }))).toBe(500);
  for (const wrong of [{ port: 0 }, { wait: 65_536 }])
    expect(await refusedWith(openTunnel('a', wrong))).toBe(400);
  expect(await refusedWith(openTunnel('b'))).toBe(404);
  await host.tick();
  const tunnel = openTunnel('a');
  const transport = createWebSocketStream(tunnel);
  // a stream of ws ends, and does not close
  transport.once('end', () => transport.destroy());
  const session = await connectSsh({
    address: {
      ...{ host: 'a', port: 22, user: guestUser },
      hostKeyFingerprint: fingerprintOfKey(hostKey.publicKey),
    },
    credentials: { privateKey: userKey.privateKey },
    ...{ transport, signal: never, readyTimeoutMs: 10_000 },
  });
  expect((await session.exec('echo inside')).stdout).toBe('inside\n');
  const closed = once(tunnel, 'close');
  await ask('DELETE', '/vms/a');
  expect((await session.exec('echo still')).stdout).toBe('still\n');
  await host.tick();
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1000, '']);
  await session.closed;
  expect(host.cluster.violations).toEqual([]);
});

test('a client that does not say who it is gets text; one that sends text is closed', async () => {
  await start();
  await ask('POST', '/vms', vm('a'));
  await host.tick();
  const anonymous = openTunnel('a', { own: { headers: { authorization: headers.authorization } } });
  const [, isBinary] = await once(anonymous, 'message');
  expect(isBinary).toBe(false);
  anonymous.terminate();
  const tunnel = openTunnel('a');
  await once(tunnel, 'open');
  tunnel.send('text');
  expect((await once(tunnel, 'close'))[0]).toBe(1003);
});

test('a worker that died is used until it has been silent for three minutes, and fails what it had', async () => {
  await start({ workers: [{ name: 'mac-01' }], knobs: { offlineTicks: 3 } });
  await ask('POST', '/vms', vm('a'));
  await host.tick();
  const worker = host.cluster.workers.get('mac-01');
  if (worker) worker.isAlive = false;
  await ask('POST', '/vms', vm('b'));
  await host.tick();
  expect(await view('a')).toMatchObject({ status: 'running' });
  expect(await view('b')).toMatchObject({ status: 'pending', worker: 'mac-01' });
  for (let count = 0; count < 3; count += 1) await host.tick();
  for (const name of ['a', 'b'])
    expect(await view(name)).toMatchObject({
      status: 'failed',
      status_message: 'VM is assigned to a worker that lost connection with the controller',
    });
  await ask('POST', '/vms', vm('c'));
  await host.tick();
  expect(await view('c')).not.toHaveProperty('worker');
});

test('faults of its answers, and a restart that machines live through', async () => {
  await start();
  host.knobs.fault = ({ method }) => (method === 'POST' ? 'lost' : undefined);
  await expect(ask('POST', '/vms', vm('a'))).rejects.toThrow();
  expect(await view('a')).toMatchObject({ status: 'pending' });
  host.knobs.fault = () => ({ status: 503 });
  expect(await ask('GET', '/vms')).toMatchObject({ status: 503, text: '' });
  host.knobs.fault = undefined;
  await host.tick();
  const tunnel = openTunnel('a');
  await once(tunnel, 'open');
  const closed = once(tunnel, 'close');
  await host.restart(() => host.tick());
  expect((await closed)[0]).toBe(1006);
  expect(await view('a')).toMatchObject({ status: 'running' });
});
