import { createClusterLook } from '../../src/actors/cluster-look.ts';
import { createClusterFollower } from '../../src/actors/cluster-machines.ts';
import { fingerprintOfKey } from '../../src/adapters/guest/ssh/keys.ts';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { createOrchardDriver } from '../../src/adapters/vm/orchard/driver.ts';
import type { OrchardDriverOptions } from '../../src/adapters/vm/orchard/options.ts';
import { INSTANCE } from '../helpers/local-vm.ts';
import { guestUser, hostKey } from './guest.ts';
import { ACCOUNT, type OrchardHost } from './host.ts';

export const hostKeyFingerprint = fingerprintOfKey(hostKey.publicKey);

/** For ticks of some ten milliseconds. */
export const quickPauses = {
  lookPause: 50,
  requestPause: 50,
  anotherPause: 100,
  lateTimeout: 1_000,
} as const;

/** A cluster, as a client has to know it. */
type Reached = Pick<OrchardHost, 'url' | 'certificate' | 'userKeyFile'>;

/** What the driver needs to know of an emulated cluster, with pauses for a test. */
export const orchardOptions = (
  { url, certificate, userKeyFile }: Reached,
  options: Partial<OrchardDriverOptions> = {},
): OrchardDriverOptions => ({
  ...{ url, serviceAccount: ACCOUNT.name, token: ACCOUNT.token, ca: certificate, labels: {} },
  ...{ os: 'darwin', arch: 'arm64', runtime: 'tart', guestNetwork: 'none', instance: INSTANCE },
  ssh: { user: guestUser, password: '', port: 22, keyFile: userKeyFile, hostKey: hostKeyFingerprint },
  note: () => undefined,
  follow: createClusterFollower(quickPauses),
  share: createClusterLook({ lookPause: 20 }),
  ...options,
});

/** The driver over an emulated cluster. */
export const orchardDriver = (host: Reached, options: Partial<OrchardDriverOptions> = {}): VmDriver =>
  createOrchardDriver(orchardOptions(host, options));
