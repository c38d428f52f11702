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

/** As far as the hub says; a token that is dead says that it had the result, and the claim is settled. */
export async function standingOfClaim(
  services: Services,
  assignmentId: string,
  signal: AbortSignal,
): Promise<'open' | 'closed' | 'unclear'> {
  if (!services.vault.claim(assignmentId)) return 'unclear';
  const state = await stateOfClaim(services, assignmentId, signal).catch(() => 'unclear' as const);
  if (state === 'closed') services.vault.settle([assignmentId]);
  return state;
}

/** One that we cannot ask about counts as open. */
export const awaitsResult = async (...asked: Parameters<typeof standingOfClaim>): Promise<boolean> =>
  (await standingOfClaim(...asked)) !== 'closed';
