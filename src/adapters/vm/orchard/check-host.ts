import * as z from 'zod';
import { ShipError } from '../../../errors.ts';
import { readCredentials } from '../tart/open-guest.ts';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood } from './failures.ts';
import type { OrchardSettings } from './options.ts';

const info = z.object({
  version: z.string().max(200),
  capabilities: z.array(z.string().max(200)).max(100).default([]),
});
/** Since 0.44; without it the states of machines mean something else. */
const NEEDED = 'vm-state-endpoint';

/**
 * Whether machines can be made in this cluster: the controller answers and lets us in, it is one that we know, the guest's
 * host key is pinned, the key can be read.
 *
 * @throws ShipError CLUSTER_UNREACHABLE · CLUSTER_CERTIFICATE_REFUSED · CLUSTER_REFUSED · CLUSTER_ANSWER_INVALID · CONFIG_INVALID
 */
export async function checkCluster(
  api: OrchardApi,
  { ssh }: Pick<OrchardSettings, 'ssh'>,
  signal: AbortSignal,
): Promise<void> {
  if (ssh.hostKey === undefined) throw notPinned();
  await readCredentials(ssh);
  const what = 'The question for the version';
  // not `/v1/`, which 0.55.0 answers to everybody
  const { json } = await api.ask({ what, method: 'GET', path: '/controller/info', signal });
  const known = info.safeParse(json).data;
  if (!known?.capabilities.includes(NEEDED)) throw answerNotUnderstood(what);
}

const notPinned = (): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: 'The SSH host key of the golden image is not known.',
    reason: 'SSH goes through the controller and the workers, and nothing else shows who answers.',
    nextStep: 'Set PERRY_TART_HOST_KEY to what "perry-ship image build" has printed.',
  });
