import { TRY_AGAIN_OR_LOOK } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { refused, unanswered } from '../vm/orchard/failures.ts';

const WHAT = 'The way into a machine';

/** What has kept a tunnel from opening: an answer that is no 101, or the end of the connection. */
export type TunnelObstacle = { readonly status: number } | { readonly cause: unknown };

/**
 * The refusals of the controller (0.55.0), each by what can be done about it. None of them is the end of the machine, also
 * where the answer says so: it may be that of a proxy, and whoever follows the machine asks the controller itself.
 */
export function tunnelFailure(obstacle: TunnelObstacle): ShipError {
  if ('cause' in obstacle) return unanswered(WHAT, obstacle.cause);
  const { status } = obstacle;
  return isPassing(status) ? notOpened(status) : refused(WHAT, status);
}

const isPassing = (status: number): boolean => status >= 500 || [404, 408, 417, 425, 429].includes(status);

const notOpened = (status: number): ShipError =>
  new ShipError('CLUSTER_TUNNEL_REFUSED', {
    summary: 'The controller of the cluster opened no way into a machine.',
    reason: `It answered with the HTTP status ${status}, ${meaningOf(status)}.`,
    nextStep: TRY_AGAIN_OR_LOOK,
  });

const meaningOf = (status: number): string => {
  if (status === 408) return 'as it does while the host of the machine has not started it';
  if (status === 404) return 'as it does for a machine that it does not have, or no longer has';
  if (status === 417) return 'as it does for a machine that has failed';
  if (status === 500) return 'as it does when the guest does not answer, or its host is away';
  return 'as it does when it cannot be used for a while';
};
