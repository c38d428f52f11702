import { afterEach, expect, test, vi } from 'vitest';
import { enterGuest } from '../../src/adapters/guest/enter-guest.ts';
import type { GuestAccess } from '../../src/adapters/guest/guest.ts';
import { fingerprintOfKey, makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { never } from '../helpers/local-vm.ts';
import { guestUser, hostKey, userKey } from '../orchard-emulator/guest.ts';
import { ACCOUNT, type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';

let host: OrchardHost;
afterEach(() => host.remove());

/** One machine that runs, and the way to it. */
async function running(options: OrchardHostOptions = {}): Promise<GuestAccess> {
  host = await orchardHost(options);
  host.cluster.create({ name: 'a', image: 'golden', headless: true });
  await host.tick();
  return {
    address: {
      ...{ host: 'a', port: 22, user: guestUser },
      hostKeyFingerprint: fingerprintOfKey(hostKey.publicKey),
    },
    credentials: { privateKey: userKey.privateKey },
    tunnel: {
      url: `${host.url.replace('http', 'ws')}/v1/vms/a/port-forward?port=22&wait=10`,
      ...{ user: ACCOUNT.name, token: ACCOUNT.token, ca: host.certificate, serverName: 'orchard-controller' },
    },
  };
}

const enter = (access: GuestAccess) => enterGuest(access, { signal: never, readyTimeoutMs: 10_000 });

test('the way through a tunnel can be gone again by whoever is told of it', async () => {
  const first = await enter(await running());
  const access = JSON.parse(JSON.stringify(first.access?.())) as GuestAccess;
  const second = await enter(access);
  await first.close();
  expect((await second.exec('echo inside')).stdout).toBe('inside\n');
  await second.close();
  expect(host.cluster.violations).toEqual([]);
});

test('a first line in single bytes, and a megabyte in odd pieces, come through whole', async () => {
  const session = await enter(await running({ knobs: { chunkBytes: [1, 2, 3, 65_536, 5] } }));
  const { stdout } = await session.exec('head -c 900000 /dev/zero | tr "\\0" x');
  expect(stdout.length).toBe(900_000);
  await session.close();
});

test.each([
  ['another host key', 'GUEST_HOST_KEY_MISMATCH', {}, 'SHA256:AAAA'],
  ['a certificate that is not trusted', 'CLUSTER_CERTIFICATE_REFUSED', { ca: undefined }, undefined],
  ['a certificate for another name', 'CLUSTER_CERTIFICATE_REFUSED', { serverName: undefined }, undefined],
  ['a wrong token', 'CLUSTER_REFUSED', { token: 'wrong' }, undefined],
  ['no such machine', 'CLUSTER_TUNNEL_REFUSED', { url: '/v1/vms/b/port-forward?port=22' }, undefined],
])('nobody gets in by %s', async (_, code, other, key) => {
  const { address, credentials, tunnel } = await running();
  const url = `${host.url.replace('http', 'ws')}${'url' in other ? other.url : '/v1/vms/a/port-forward?port=22'}`;
  const changed = JSON.parse(JSON.stringify({ ...tunnel, ...other, url }));
  const pinned = { ...address, ...(key && { hostKeyFingerprint: key }) };
  await expect(enter({ address: pinned, credentials, tunnel: changed })).rejects.toMatchObject({ code });
});

test.each([
  [400, 'CLUSTER_REFUSED', /status 400, which Orchard 0\.55\.0 does not give/],
  [401, 'CLUSTER_REFUSED', /account that was removed/],
  [403, 'CLUSTER_REFUSED', /status 403, which is none of Orchard/],
  [404, 'CLUSTER_TUNNEL_REFUSED', /does not have/],
  [408, 'CLUSTER_TUNNEL_REFUSED', /has not started it/],
  [412, 'CLUSTER_REFUSED', /status 412, which Orchard/],
  [417, 'CLUSTER_TUNNEL_REFUSED', /has failed/],
  [429, 'CLUSTER_TUNNEL_REFUSED', /status 429/],
  [500, 'CLUSTER_TUNNEL_REFUSED', /guest does not answer/],
  [503, 'CLUSTER_TUNNEL_REFUSED', /status 503/],
])('a tunnel that is refused with %i says so', async (status, code, reason) => {
  const access = await running({ knobs: { fault: () => ({ status }) } });
  const failure = await enter(access).catch((error) => error);
  expect(failure).toMatchObject({ code, failure: { reason: expect.stringMatching(reason) } });
  expect(JSON.stringify(failure)).not.toContain(ACCOUNT.token);
});

test('a controller that is away, or says nothing, is told apart from a guest that does', async () => {
  const access = await running({ knobs: { fault: () => 'silent' } });
  const silent = enterGuest(access, { signal: never, readyTimeoutMs: 200 });
  await expect(silent).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  host.knobs.fault = () => 'reset';
  await expect(enter(access)).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    failure: { reason: expect.stringContaining('ECONNRESET') },
  });
  const tired = new AbortController();
  host.knobs.fault = () => 'silent';
  const waiting = enterGuest(access, { signal: tired.signal, readyTimeoutMs: 10_000 });
  tired.abort(new Error('tired'));
  await expect(waiting).rejects.toThrow('tired');
});

test('a tunnel that ends, in order or not, ends the session, and what ran is lost', async () => {
  const dying = await enter(await running());
  const lost = expect(dying.exec('sleep 1000')).rejects.toMatchObject({ code: 'GUEST_LOST' });
  process.kill(host.pidOf('a'), 'SIGKILL');
  await lost;
  await dying.closed;
  host.cluster.remove('a');
  host.cluster.create({ name: 'a', image: 'golden', headless: true });
  await vi.waitFor(async () => {
    await host.tick();
    expect(host.cluster.read('a').status).toBe('running');
  }, 5_000);
  const { url } = host;
  const cut = await enter({
    address: {
      ...{ host: 'a', port: 22, user: guestUser },
      hostKeyFingerprint: fingerprintOfKey(hostKey.publicKey),
    },
    credentials: { privateKey: userKey.privateKey },
    tunnel: {
      ...{ url: `${url.replace('http', 'ws')}/v1/vms/a/port-forward?port=22`, ca: host.certificate },
      ...{ user: ACCOUNT.name, token: ACCOUNT.token, serverName: 'orchard-controller' },
    },
  });
  await host.restart();
  await cut.closed;
});

test('a key that the golden image does not know is refused', async () => {
  const access = await running();
  const { privateKey } = makeSshKeyPair();
  await expect(enter({ ...access, credentials: { privateKey } })).rejects.toMatchObject({
    code: 'GUEST_AUTH_REFUSED',
  });
});
