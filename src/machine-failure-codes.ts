import { type CodeEntry, host, hostRetry } from './failure-entry.ts';

/** Codes of virtual machines, clusters of them, and the guests in them; a part of `failureCodes`. */
export const machineFailureCodes = {
  VM_IMAGE_MISSING: host('The golden image that machines are cloned from does not exist on this host.'),
  VM_IMAGE_UNUSABLE: host('The golden image is damaged, or is made for another kind of host.'),
  VM_HOST_NOT_READY: host(
    'This host cannot run virtual machines as it is; an operator must change something.',
  ),
  VM_LIMIT_REACHED: hostRetry('This host runs as many macOS guests as macOS allows.'),
  VM_DISK_FULL: hostRetry('The disk that virtual machines are cloned onto has too little space.'),
  VM_LIST_FAILED: hostRetry('The virtual machines of this host could not be listed.'),
  VM_IDENTITY_UNPROVEN: hostRetry(
    'Who answers over SSH could not be shown to be the machine that was started.',
  ),
  VM_CLONE_FAILED: hostRetry('The golden image could not be cloned.'),
  VM_START_FAILED: hostRetry('The clone could not be started.'),
  VM_NOT_LOCATED: hostRetry('The address of the machine is not known yet.'),
  VM_STOP_FAILED: hostRetry('The machine could not be powered off.'),
  VM_DELETE_FAILED: hostRetry('The clone could not be removed.'),
  CLUSTER_UNREACHABLE: hostRetry('The controller of the cluster did not answer.'),
  CLUSTER_TUNNEL_REFUSED: hostRetry('The controller of the cluster opened no way into the machine.'),
  CLUSTER_CERTIFICATE_REFUSED: host(
    'The certificate of the controller of the cluster is not the one that is trusted.',
  ),
  CLUSTER_REFUSED: host('The controller of the cluster refused a request of this worker.'),
  CLUSTER_ANSWER_INVALID: host('The controller of the cluster answered in a form that is not known.'),
  CLUSTER_TOO_OLD: host('The controller of the cluster lacks what machines in it need.'),
  CLUSTER_FULL: hostRetry('No Mac of the cluster took a machine before its deadline.'),
  GUEST_UNREACHABLE: hostRetry('The machine has an address, but SSH did not answer there.'),
  GUEST_HOST_KEY_MISMATCH: host('The machine presented another SSH host key than the pinned one.'),
  GUEST_AUTH_REFUSED: host('The machine refused the SSH credentials of the daemon.'),
  GUEST_EXEC_REFUSED: hostRetry('The machine did not start a command over a working SSH connection.'),
  GUEST_FORWARD_REFUSED: host('The machine does not forward a port over SSH, by which it gets time stamps.'),
  GUEST_LOST: hostRetry('The connection to the machine ended while a command was running.'),
  GUEST_DISK_FULL: host('The disk of the machine is too small for what the job has and makes.'),
  GUEST_TRANSFER_FAILED: hostRetry('Files could not be copied into or out of the machine.'),
  GUEST_OUTPUT_REFUSED: hostRetry(
    'The machine sent back files that were not asked for, or in a form that is not safe.',
  ),
  GUEST_OUTPUT_ALTERED: hostRetry(
    'What the machine made is not what was sent into it, plus the signatures that were asked for.',
  ),
  GUEST_OUTPUT_TOO_LARGE: hostRetry('The machine sent back more than the limit allows.'),
} as const satisfies Record<string, CodeEntry>;
