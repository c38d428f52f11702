import { randomBytes } from 'node:crypto';
import { withDeadline } from '../../../deadline.ts';
import { ShipError } from '../../../errors.ts';
import type { GuestAddress, GuestSession } from '../../guest/guest.ts';
import { shellCommand } from '../../guest/ssh/quote.ts';
import type { Note } from '../driver.ts';
import type { Tart } from './command.ts';

/** An agent that is not there is given up by Tart itself after ten seconds at most. */
const AGENT_DEADLINE_MS = 15_000;
/** For one small command in a guest that has just let us in. */
const ROUND_TRIP_MS = 10_000;
/** An agent may be up a little later than sshd: so often we do without one before we believe that there is none. */
const PATIENCE = 3;

/** What a connection says about the one at its other end. */
export interface Acquaintance {
  readonly session: GuestSession;
  readonly address: GuestAddress;
  /** Fingerprint of the host key that was presented. */
  readonly hostKey: string;
  readonly isPinned: boolean;
}

export interface MachineProver {
  /**
   * Shows that whoever answers over SSH is the machine that was started.
   *
   * @throws ShipError VM_IDENTITY_UNPROVEN · GUEST_UNREACHABLE (try again, with the address asked for again)
   */
  prove(acquaintance: Acquaintance, signal: AbortSignal): Promise<void>;
  forget(name: string): void;
}

/**
 * All clones of an image present the same host key, and for a public image everybody has it; besides, an address may
 * still belong to another machine. So a random number is written into the guest by `tart exec`, which needs no network,
 * and read back over SSH. Where no guest agent answers, the host key has to do.
 *
 * @see https://github.com/openai/tart (Guest Agent)
 */
export function createMachineProver(tart: Tart, note: Note): MachineProver {
  const silences = new Map<string, number>();
  const trusted = new Set<string>();
  let agent: 'unknown' | 'answers' | 'absent' = 'unknown';
  let isHomeShared = false;

  const mayDoWithout = (name: string, isPinned: boolean): boolean => {
    const silent = (silences.get(name) ?? 0) + 1;
    silences.set(name, silent);
    if (agent === 'absent') return true;
    // an agent that used to answer must not be silenced by whoever wants to be trusted
    return agent === 'answers' ? isPinned && silent >= PATIENCE : silent >= PATIENCE;
  };

  const trustHostKey = ({ address, hostKey, isPinned }: Acquaintance): void => {
    if (agent === 'unknown') agent = 'absent';
    if (isPinned || trusted.has(hostKey)) return;
    trusted.add(hostKey);
    note('warn', UNVERIFIED, { vm: address.machine, hostKey });
  };

  return {
    forget: (name) => void silences.delete(name),
    prove: async (acquaintance, signal) => {
      const { address, isPinned } = acquaintance;
      const { machine = '' } = address;
      const nonce =
        agent === 'absent' && isPinned
          ? undefined
          : await placeNonce(tart, machine, isHomeShared ? [] : ['/tmp'], signal);
      const seen = await readBack(acquaintance, nonce, signal);
      if (nonce) {
        agent = 'answers';
        isHomeShared ||= seen.place === 'home' && seen.value === nonce.value;
        if (seen.value !== nonce.value || (isHomeShared && seen.place !== 'home'))
          throw unproven(address, 'It does not have what was written into the machine.');
      } else if (!(agent === 'absent' && isPinned) && !mayDoWithout(machine, isPinned)) {
        throw unproven(address, 'The Tart Guest Agent in the machine has not answered yet.');
      } else trustHostKey(acquaintance);
      silences.delete(machine);
    },
  };
}

const UNVERIFIED =
  'The SSH host key of the machines is TAKEN ON TRUST: no Tart Guest Agent answers in them and none is pinned. Set PERRY_TART_HOST_KEY to the fingerprint that "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints in the golden image.';

interface Nonce {
  readonly file: string;
  readonly value: string;
}

/**
 * Into the home folder, and into /tmp until that has worked once, because the agent may run as another user than the
 * one that we log in as. The value goes through a pipe: arguments can be read by others on this host.
 */
export const PLACE_NUMBER =
  'umask 022; value=$(cat); for dir in "$HOME" "$@"; do printf %s "$value" > "$dir/$0"; done';
export const READ_NUMBER =
  'if value=$(cat "$HOME/$0" 2>/dev/null); then echo "home $value"; else echo "tmp $(cat "/tmp/$0" 2>/dev/null)"; fi; rm -f "$HOME/$0" "/tmp/$0"';

/** `undefined` when no agent answers. */
async function placeNonce(
  tart: Tart,
  machine: string,
  otherPlaces: readonly string[],
  signal: AbortSignal,
): Promise<Nonce | undefined> {
  const file = `.${machine}`;
  const value = randomBytes(16).toString('hex');
  const { exitCode, timedOut } = await tart.call(
    ['exec', '-i', machine, '/bin/sh', '-c', PLACE_NUMBER, file, ...otherPlaces],
    {
      signal,
      deadlineMs: AGENT_DEADLINE_MS,
      stdin: value,
    },
  );
  return exitCode === 0 && !timedOut ? { file, value } : undefined;
}

/** One round trip in any case: a guest that lets us in and runs nothing is not ready. */
async function readBack(
  { session, address }: Acquaintance,
  nonce: Nonce | undefined,
  signal: AbortSignal,
): Promise<{ place: string; value: string }> {
  const command = nonce ? shellCommand(['/bin/sh', '-c', READ_NUMBER, nonce.file]) : 'echo';
  try {
    const { stdout } = await session.exec(command, { signal: withDeadline(signal, ROUND_TRIP_MS) });
    const [place = '', value = ''] = stdout.trim().split(' ');
    return { place, value };
  } catch (cause) {
    signal.throwIfAborted();
    throw notReady(address, cause);
  }
}

const unproven = ({ host, port, machine }: GuestAddress, reason: string): ShipError =>
  new ShipError('VM_IDENTITY_UNPROVEN', {
    summary: `Who answers at ${host}:${port} could not be shown to be the machine "${machine}".`,
    reason,
    nextStep:
      'If it is always so, check that the Tart Guest Agent runs in the golden image, or set PERRY_TART_HOST_KEY.',
  });

const notReady = ({ host, port }: GuestAddress, cause: unknown): ShipError =>
  new ShipError('GUEST_UNREACHABLE', {
    summary: `The guest at ${host}:${port} lets us in, but runs no command yet.`,
    reason: `A command that does nothing did not end well within ${ROUND_TRIP_MS / 1_000} s.`,
    nextStep: 'Try again once the guest has booted; if it is always so, log in to the golden image by hand.',
    cause,
  });
