import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusterFollower } from '../../src/actors/cluster-machines.ts';
import { fingerprintOfKey } from '../../src/adapters/guest/ssh/keys.ts';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { createOrchardDriver } from '../../src/adapters/vm/orchard/driver.ts';
import type { OrchardDriverOptions } from '../../src/adapters/vm/orchard/options.ts';
import { INSTANCE } from '../helpers/local-vm.ts';
import { guestUser, hostKey, userKey } from './guest.ts';
import { ACCOUNT, type OrchardHost } from './host.ts';

const folder = mkdtempSync(join(tmpdir(), 'perry-orchard-key-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The key that the machines let in, as a file. */
export const userKeyFile = join(folder, 'key');
writeFileSync(userKeyFile, userKey.privateKey, { mode: 0o600 });
export const hostKeyFingerprint = fingerprintOfKey(hostKey.publicKey);

/** The driver over an emulated cluster, with pauses for a test. */
export const orchardDriver = (
  { url, certificate }: OrchardHost,
  options: Partial<OrchardDriverOptions> = {},
): VmDriver =>
  createOrchardDriver({
    ...{ url, serviceAccount: ACCOUNT.name, token: ACCOUNT.token, ca: certificate, labels: {} },
    ...{ os: 'darwin', arch: 'arm64', runtime: 'tart', guestNetwork: 'none', instance: INSTANCE },
    ssh: { user: guestUser, password: '', port: 22, keyFile: userKeyFile, hostKey: hostKeyFingerprint },
    note: () => undefined,
    follow: createClusterFollower({ lookPause: 50 }),
    ...options,
  });
