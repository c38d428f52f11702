import { TRY_AGAIN_OR_LOOK } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { refused, unanswered } from '../vm/orchard/failures.ts';

const WHAT = 'The way into a machine';

/** What has kept a tunnel from opening: an answer that is no 101, or the end of the connection. */
export type TunnelObstacle = { readonly status: number } | { readonly cause: unknown };

/** The refusals of the controller (0.55.0), each by what can be done about it. */
export function tunnelFailure(obstacle: TunnelObstacle): ShipError {
  if ('cause' in obstacle) return unanswered(WHAT, obstacle.cause);
  const { status } = obstacle;
  if (status === 404) return machineOver('The controller of the cluster has no such machine any more.');
  if (status === 417) return machineOver('The controller of the cluster says that it has failed.');
  return isPassing(status) ? notOpened(status) : refused(WHAT, status);
}

const isPassing = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

const machineOver = (reason: string): ShipError =>
  new ShipError('VM_EXITED', {
    summary: 'The virtual machine ended while it was needed.',
    reason,
    nextStep: TRY_AGAIN_OR_LOOK,
  });

const notOpened = (status: number): ShipError =>
  new ShipError('CLUSTER_TUNNEL_REFUSED', {
    summary: 'The controller of the cluster opened no way into a machine.',
    reason: `It answered with the HTTP status ${status}, ${meaningOf(status)}.`,
    nextStep: TRY_AGAIN_OR_LOOK,
  });

const meaningOf = (status: number): string => {
  if (status === 408) return 'as it does while the host of the machine has not started it';
  if (status === 500) return 'as it does when the guest does not answer, or its host is away';
  return 'as it does when it cannot be used for a while';
};
