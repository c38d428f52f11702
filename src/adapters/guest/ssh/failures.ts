import { ShipError } from '../../../errors.ts';
import type { GuestAddress } from '../guest.ts';

/** What ssh2 says about itself: where in the connection the error was made. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: string;
}

const place = ({ host, port }: GuestAddress): string => `${host}:${port}`;

/** Why a connection could not be made, from what ssh2 1.17 emitted. */
export function connectFailure(address: GuestAddress, cause: SshError): ShipError {
  if (cause.level === 'client-authentication') return authRefused(address, cause);
  return new ShipError('GUEST_UNREACHABLE', {
    summary: `The guest at ${place(address)} did not answer over SSH.`,
    reason: `${unreachableReason(cause)}.`,
    nextStep: unreachableNextStep(cause),
    cause,
  });
}

function unreachableReason(cause: SshError): string {
  if (cause.level === 'client-timeout') return 'The handshake did not finish in time';
  if (cause.level === 'client-socket' || cause.code)
    return `The connection failed with ${cause.code ?? 'no code'}`;
  return `The handshake failed: ${cause.message}`;
}

// macOS 15 and newer answer so when the daemon may not use the local network (Apple TN3179).
const unreachableNextStep = (cause: SshError): string =>
  cause.code === 'EHOSTUNREACH'
    ? 'On macOS 15 or newer allow this program under System Settings, Privacy & Security, Local Network, then try again.'
    : 'Try again once the guest has booted; if it never answers, check that Remote Login is on in the golden image.';

export const authRefused = (address: GuestAddress, cause: Error): ShipError =>
  new ShipError('GUEST_AUTH_REFUSED', {
    summary: `The guest at ${place(address)} refused the user "${address.user}".`,
    reason: 'The key or password of the daemon is not the one that the golden image knows.',
    nextStep: `Put the daemon's public key into ~/.ssh/authorized_keys of "${address.user}" in the golden image.`,
    cause,
  });

export const hostKeyMismatch = (address: GuestAddress, seen: string, cause: Error): ShipError =>
  new ShipError('GUEST_HOST_KEY_MISMATCH', {
    summary: `The guest at ${place(address)} is not the machine that was started: its SSH host key is another one.`,
    reason: `It presented ${seen}, pinned is ${address.hostKeyFingerprint}.`,
    nextStep:
      'If the golden image was rebuilt, set PERRY_TART_HOST_KEY to what "perry-ship image build" has printed; otherwise find out who answers at this address.',
    cause,
  });

export const guestLost = (reason: string, cause?: unknown): ShipError =>
  new ShipError('GUEST_LOST', {
    summary: 'The connection to the guest ended while a command was running.',
    reason: `${reason}.`,
    nextStep: 'Try again: a fresh machine is used.',
    cause,
  });

/** OpenSSH answers so when a connection has more sessions than `MaxSessions` (10 unless configured). */
export const execRefused = (cause: Error): ShipError =>
  new ShipError('GUEST_EXEC_REFUSED', {
    summary: 'The guest did not start a command.',
    reason: `Its SSH server answered: ${cause.message}.`,
    nextStep: 'Try again; if it happens always, raise MaxSessions in the sshd_config of the golden image.',
    cause,
  });

/** @param fact - what its SSH server did, e.g. "Its SSH server refused" */
export const forwardRefused = (fact: string, cause?: unknown): ShipError =>
  new ShipError('GUEST_FORWARD_REFUSED', {
    summary:
      'The machine does not hand a port of its own to this host over SSH, which is how it gets time stamps.',
    reason: `${fact}.`,
    nextStep:
      'Set "AllowTcpForwarding remote" and "DisableForwarding no" in /etc/ssh/sshd_config of the golden image, and no "restrict" in authorized_keys; or set PERRY_GUEST_NETWORK=shared.',
    cause,
  });
