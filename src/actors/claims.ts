import { probeToken } from '../adapters/hub/http.ts';
import { originOf } from '../run/hub-origin.ts';
import type { Services } from '../run/services.ts';

/**
 * Whether the hub still counts an assignment as ours: its token is good exactly as long.
 *
 * @throws ShipError when the hub gives no clear answer
 */
export async function stateOfClaim(
  services: Services,
  assignmentId: string,
  signal: AbortSignal,
): Promise<'open' | 'closed'> {
  const claim = services.vault.claim(assignmentId);
  if (!claim) return 'open';
  const { artifactUploadUrl: url, authToken: token } = claim;
  return probeToken({ url, token, origin: originOf(services.config), signal });
}

/** A token that is dead says that the hub had the result; one that we cannot ask about counts as open. */
export async function awaitsResult(
  services: Services,
  assignmentId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const state = await stateOfClaim(services, assignmentId, signal).catch(() => 'open');
  if (state === 'closed') services.vault.settle(assignmentId);
  return state !== 'closed';
}
