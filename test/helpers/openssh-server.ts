import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fingerprintOfKey, makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import type { TestServer } from './ssh-server.ts';

const PROGRAM = '/usr/sbin/sshd';

/** Why tests with the real OpenSSH are skipped; undefined where it is. */
export const opensshMissing = existsSync(PROGRAM)
  ? undefined
  : `${PROGRAM} is missing (Debian: openssh-server)`;

/** The sshd of OpenSSH, one process for each connection, for the user who runs the tests. */
export async function opensshServer(...settings: readonly string[]): Promise<TestServer> {
  // its own package makes it when a service is started
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'perry-sshd-'));
  const [hostKey, client] = [makeSshKeyPair(), makeSshKeyPair()];
  const file = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await file('host', hostKey.privateKey);
  await file('authorized', `${client.publicKey}\n`);
  const own = ['host', 'authorized'].map((name) => join(folder, name));
  const lines = [`HostKey ${own[0]}`, `AuthorizedKeysFile ${own[1]}`, 'StrictModes no', 'UsePAM no'];
  await file('config', [...lines, 'UseDNS no', ...settings, ''].join('\n'));
  const children = new Set<ReturnType<typeof spawn>>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn(PROGRAM, ['-i', '-e', '-f', join(folder, 'config')], {
      stdio: [socket, socket, 'ignore'],
    });
    children.add(child.once('exit', () => children.delete(child)));
    socket.on('error', () => {}).destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const hostKeyFingerprint = fingerprintOfKey(hostKey.publicKey);
  return {
    address: { host: '127.0.0.1', port, user: userInfo().username, hostKeyFingerprint },
    privateKey: client.privateKey,
    close: () => {
      server.close();
      for (const child of children) child.kill();
      void rm(folder, { recursive: true, force: true });
    },
  };
}
