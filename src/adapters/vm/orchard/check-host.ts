import { ShipError } from '../../../errors.ts';
import { readCredentials } from '../tart/open-guest.ts';
import type { OrchardApi } from './api.ts';
import { expectUsable, readInfo } from './info.ts';
import type { OrchardSettings } from './options.ts';

/**
 * Whether machines can be made in this cluster: the controller answers and lets us in, it is one that we know, and guests can
 * be logged into.
 *
 * @throws ShipError CLUSTER_UNREACHABLE · CLUSTER_CERTIFICATE_REFUSED · CLUSTER_REFUSED · CLUSTER_ANSWER_INVALID ·
 *   CLUSTER_TOO_OLD · CONFIG_INVALID
 */
export async function checkCluster(
  api: OrchardApi,
  { ssh }: Pick<OrchardSettings, 'ssh'>,
  signal: AbortSignal,
): Promise<void> {
  await checkLogin(ssh);
  expectUsable(await readInfo(api, signal));
}

/** The host key of the guests is pinned, and the key to log in can be read. @throws ShipError CONFIG_INVALID */
export async function checkLogin(ssh: OrchardSettings['ssh']): Promise<void> {
  if (ssh.hostKey === undefined) throw notPinned();
  await readCredentials(ssh);
}

const notPinned = (): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: 'The SSH host key of the golden image is not known.',
    reason: 'SSH goes through the controller and the workers, and nothing else shows who answers.',
    nextStep: 'Set PERRY_TART_HOST_KEY to what "perry-ship image build" has printed.',
  });
