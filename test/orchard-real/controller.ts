import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { ACCOUNT } from '../orchard-emulator/host.ts';
import { orchardClient } from './client.ts';

export interface RealController {
  readonly url: string;
  /** Its own, PEM. */
  readonly certificate: string;
  stop(): Promise<void>;
}

const ADMIN = { name: 'bootstrap-admin', token: 'token-of-the-administrator' };
const START_MS = 30_000;
const MOST_SAID = 4_000;
const ROLES = ['compute:read', 'compute:write'];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** `orchard controller run` of this binary, with its own certificate and one account for the daemon and the workers. */
export async function startRealController(binary: string): Promise<RealController> {
  const home = await mkdtemp(join(tmpdir(), 'perry-orchard-controller-'));
  const [data, port] = [join(home, 'controller'), await freePort()];
  const flags = ['controller', 'run', '--listen', `127.0.0.1:${port}`, '--data-dir', data];
  const env = { HOME: home, ORCHARD_HOME: home, ORCHARD_BOOTSTRAP_ADMIN_TOKEN: ADMIN.token };
  const controller = spawn(binary, flags, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  controller.stderr.on('data', (piece) => {
    said = `${said}${piece}`.slice(-MOST_SAID);
  });
  // one that cannot be started at all says so as well
  const ended = once(controller, 'close').catch((error: unknown) => {
    said = String(error);
  });
  const stop = async () => {
    // the only signal that it ends in good order by
    controller.kill('SIGINT');
    await ended;
    await rm(home, { recursive: true, force: true });
  };
  const url = `https://127.0.0.1:${port}`;
  const endedEarly = ended.then(() => {
    throw new Error(`the controller ended: ${said}`);
  });
  endedEarly.catch(() => {});
  try {
    const certificate = await Promise.race([readied(url, join(data, 'controller.crt')), endedEarly]);
    return { url, certificate, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** It answers, and has the account. @returns its certificate, when all of that is written */
async function readied(url: string, certificateFile: string): Promise<string> {
  const certificate = await vi.waitFor(async () => {
    const pem = await readFile(certificateFile, 'utf8');
    return new X509Certificate(pem) && pem;
  }, START_MS);
  const admin = orchardClient({ url, ca: certificate, account: ADMIN });
  await vi.waitFor(
    async () => expect((await admin.ask('GET', '/controller/info')).status).toBe(200),
    START_MS,
  );
  const { status } = await admin.ask('POST', '/service-accounts', { ...ACCOUNT, roles: ROLES });
  if (status !== 200) throw new Error(`the account was not made: ${status}`);
  return certificate;
}
