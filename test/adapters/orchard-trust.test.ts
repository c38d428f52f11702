import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { afterEach, expect, test, vi } from 'vitest';
import { openTunnel } from '../../src/adapters/guest/tunnel.ts';
import { orchardApi } from '../../src/adapters/vm/orchard/api.ts';
import { trustOf } from '../../src/adapters/vm/orchard/trust.ts';
import { loadConfig } from '../../src/config/load.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { controllerCertificate } from '../orchard-emulator/certificate.ts';
import { orchardDriver } from '../orchard-emulator/driver.ts';
import { ACCOUNT, type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import { startLightGuest } from '../orchard-emulator/light-guest.ts';

/** The controller's own certificate, another one for the same name, and one that has ended. */
const own = controllerCertificate();
const other = controllerCertificate();
const named = controllerCertificate('127.0.0.1.example');
const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;

let host: OrchardHost | undefined;
let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  await host?.remove();
  [host, closing] = [undefined, []];
});

/** Somebody in the middle, with a certificate of his own, who writes down what he is told and answers everything. */
async function middle(tls = other) {
  const heard: string[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key: tls.key, cert: tls.cert }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (bytes) => {
      heard.push(bytes.toString());
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    });
  }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const port = (server.address() as AddressInfo).port;
  return { heard, sockets, url: `https://127.0.0.1:${port}` };
}

const account = { serviceAccount: ACCOUNT.name, token: ACCOUNT.token };
const askInfo = { what: 'The question', method: 'GET', path: '/controller/info', signal } as const;
const tunnelTo = (url: string, trust: Parameters<typeof trustOf>[0], name = 'a') => ({
  ...{ url: `${url.replace('http', 'ws')}/v1/vms/${name}/port-forward?port=22`, user: ACCOUNT.name },
  ...{ token: ACCOUNT.token, ...trustOf(trust) },
});

test.each([
  ['pinned', { fingerprint: fingerprintOf(own.cert) }],
  ['trusted by its certificate', { ca: own.cert }],
  ['pinned and trusted', { ca: other.cert, fingerprint: fingerprintOf(own.cert) }],
  ['what the system trusts', {}],
])('whoever has not the certificate of the controller is told nothing: %s', async (_, trust) => {
  const { heard, url, sockets } = await middle();
  await expect(orchardApi({ url, ...account, ...trust }).ask(askInfo)).rejects.toMatchObject({
    code: 'CLUSTER_CERTIFICATE_REFUSED',
  });
  const { stream, failure } = openTunnel(tunnelTo(url, trust), 10_000);
  const [error] = await once(stream, 'error');
  expect(error.code).toMatch(/^(ERR_TLS_CERT_NOT_PINNED|DEPTH_ZERO_SELF_SIGNED_CERT)$/);
  expect(failure()).toMatchObject({ code: 'CLUSTER_CERTIFICATE_REFUSED' });
  await vi.waitFor(() => expect([...sockets].every(({ destroyed }) => destroyed)).toBe(true), 5_000);
  expect(heard).toEqual([]);
});

test('the one in the middle would hear it from a client that pins nothing: what he heard is no accident', async () => {
  const { heard, url } = await middle();
  await orchardApi({ url, ...account, ca: other.cert }).ask(askInfo);
  expect(heard.join()).toMatch(/authorization: Basic/i);
});

test('a pinned certificate is enough, whatever its name; a pin beside a certificate asks for both', async () => {
  host = await orchardHost({ tickMs: 30 });
  const fingerprint = fingerprintOf(host.certificate);
  const driver = orchardDriver(host, { ca: undefined, fingerprint });
  await driver.checkHost?.('golden', { signal });
  const name = 'perry-00000000-00000000000000000000000000000000';
  host.cluster.create({ name, image: 'golden', headless: true });
  await vi.waitFor(() => expect(host?.cluster.read(name).status).toBe('running'), 10_000);
  const { stream } = openTunnel(tunnelTo(host.url, { fingerprint }, name), 10_000);
  const [greeting] = await once(stream, 'data');
  expect(String(greeting)).toMatch(/^SSH-2\.0-/);
  stream.destroy();
  host.cluster.remove(name);
  await expect(
    orchardApi({
      url: host.url,
      ...account,
      ca: host.certificate,
      fingerprint: fingerprintOf(named.cert),
    }).ask(askInfo),
  ).rejects.toMatchObject({ code: 'CLUSTER_CERTIFICATE_REFUSED' });
  await orchardApi({ url: host.url, ...account, ca: host.certificate, fingerprint }).ask(askInfo);
});

test('a pinned certificate is seen anew with each connection, where a session of TLS could be resumed', async () => {
  const { url, sockets } = await middle(own);
  const api = orchardApi({ url, ...account, fingerprint: fingerprintOf(own.cert) });
  for (let count = 0; count < 3; count += 1) {
    await api.ask(askInfo);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect([...sockets].every(({ closed }) => closed)).toBe(true), 5_000);
  }
  expect(sockets.size).toBe(3);
});

test('nothing is sent without TLS where a certificate is pinned', async () => {
  host = await orchardHost({ transport: 'plain' });
  const fingerprint = fingerprintOf(own.cert);
  await expect(orchardApi({ url: host.url, ...account, fingerprint }).ask(askInfo)).rejects.toThrow();
  expect(host.cluster.calls).toEqual([]);
});

test('a tunnel that nobody wants any more leaves no connection, at whatever point', async () => {
  const { sockets, url } = await middle();
  const early = openTunnel(tunnelTo(url, { fingerprint: fingerprintOf(other.cert) }), 10_000);
  early.stream.on('error', () => {}).destroy();
  const { stream } = openTunnel(tunnelTo(url, { fingerprint: fingerprintOf(other.cert) }), 10_000);
  await once(stream, 'error');
  await vi.waitFor(() => expect([...sockets].every(({ destroyed }) => destroyed)).toBe(true), 5_000);
});

test.each([
  ['as Orchard prints it', (hex: string) => hex.toUpperCase().replace(/..(?!$)/g, '$& ')],
  ['as openssl prints it', (hex: string) => hex.toUpperCase().replace(/..(?!$)/g, '$&:')],
  ['as sha256sum prints it', (hex: string) => hex],
])('a fingerprint is read %s', (_, form) => {
  const hex = createHash('sha256').update(new X509Certificate(own.cert).raw).digest('hex');
  const { config } = loadConfig({ PERRY_ORCHARD_FINGERPRINT: form(hex) });
  expect(config.orchardFingerprint).toBe(fingerprintOf(own.cert));
});

test('another certificate of a controller that has restarted is told, by the way into a machine and by the next one', async () => {
  host = await orchardHost({ certificate: own, tickMs: 30, startGuest: startLightGuest });
  const driver = orchardDriver(host);
  const name = freshName();
  await driver.clone('golden', name, { signal });
  const ended = driver.run(name, { signal, onStarted: () => undefined });
  const address = await driver.locate(name, { signal });
  const session = await driver.openGuest(address, { signal });
  host.knobs.cloneTicks = 1_000_000;
  const waiting = driver.clone('golden', freshName(), { signal });
  waiting.catch(() => {});
  const { vms } = host.cluster;
  await vi.waitFor(() => expect(vms.size).toBe(2), 10_000);
  await host.restart(async () => {}, other);
  await session.closed;
  const refused = { code: 'CLUSTER_CERTIFICATE_REFUSED', failure: { retryable: false } };
  await expect(driver.openGuest(address, { signal })).rejects.toMatchObject(refused);
  await expect(driver.clone('golden', freshName(), { signal })).rejects.toMatchObject(refused);
  await expect(waiting).rejects.toMatchObject(refused);
  host.knobs.cloneTicks = 1;
  // the one that ran runs on, and is there when the certificate is
  expect(await Promise.race([ended, Promise.resolve('runs')])).toBe('runs');
  await host.restart();
  const again = await driver.openGuest(address, { signal });
  await again.close();
  for (const left of await driver.list({ signal })) await driver.delete(left, { signal });
  await ended;
  await host.expectNothingLeft();
});
