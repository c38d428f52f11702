import * as z from 'zod';
import { withDeadline } from '../../../deadline.ts';
import type { GuestAddress } from '../../guest/guest.ts';
import { fingerprintOfKey } from '../../guest/ssh/keys.ts';
import { unlessAborted } from '../patience.ts';
import { notLocated } from './failures.ts';
import { GUEST_USER } from './layout.ts';
import type { QemuMachine } from './machine.ts';

/** QEMU answers in milliseconds, on a busy host in a second. */
const ANSWER_TIMEOUT_MS = 10_000;
/** `TCP[HOST_FORWARD]  12  127.0.0.1 40161  10.0.2.15  22  0  0`, as QEMU 7.2 prints it. */
const FORWARDED = /^ *TCP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +(\d{1,5}) /;

/**
 * Waits until the guest says that it listens, and asks QEMU for the port of this host that leads there.
 *
 * @throws ShipError VM_NOT_LOCATED when the machine ends before · the signal's reason
 */
export async function locateMachine(
  name: string,
  { console: guestConsole, qmp }: QemuMachine,
  hostPublicKey: string,
  signal: AbortSignal,
): Promise<GuestAddress> {
  if (!(await unlessAborted(guestConsole.listening, signal))) throw notLocated(name);
  const asked = qmp.execute('human-monitor-command', { 'command-line': 'info usernet' });
  const answer = await unlessAborted(asked, withDeadline(signal, ANSWER_TIMEOUT_MS)).catch((cause) => {
    throw signal.aborted ? signal.reason : notLocated(name, cause);
  });
  const port = forwardedPort(answer);
  if (port === undefined) throw notLocated(name);
  return {
    host: '127.0.0.1',
    port,
    user: GUEST_USER,
    hostKeyFingerprint: fingerprintOfKey(hostPublicKey),
    machine: name,
  };
}

/** From the text of `info usernet`. */
export function forwardedPort(answer: unknown): number | undefined {
  const text = z.string().safeParse(answer).data ?? '';
  const ports = text.split('\n').map((line) => Number(FORWARDED.exec(line)?.[1]));
  return ports.find((port) => port >= 1 && port <= 65_535);
}
