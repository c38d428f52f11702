import type { ProcessEnd } from '../../process/long-lived.ts';

type EventData = Readonly<Record<string, unknown>>;

/** By the reason that QEMU gives with SHUTDOWN (`ShutdownCause`, QEMU 7.2); what we ask for ourselves needs no words. */
const shutdowns: Readonly<Record<string, string | undefined>> = {
  'guest-shutdown': 'the guest has powered itself off',
  'guest-reset': 'the guest has restarted, as it does when its kernel panics',
  'guest-panic': 'the kernel of the guest has panicked',
  'host-signal': 'QEMU was asked by a signal to end',
  'host-error': 'QEMU has ended because of an error of its own',
};

/** Why a machine ends or cannot go on, as one event says; undefined for every other event. */
export interface Ending {
  readonly reason: string;
  /** It stands still and would do so for ever. */
  readonly isStuck: boolean;
  /** The guest has shut itself down. */
  readonly isOrderly?: true;
}

export function endingOf(event: string, data: EventData): Ending | undefined {
  if (event === 'SHUTDOWN') return ended(data);
  if (event === 'BLOCK_IO_ERROR') return { reason: ioReason(data), isStuck: true };
  if (event === 'STOP') return { reason: 'QEMU has stopped the machine', isStuck: true };
  return undefined;
}

function ended({ reason }: EventData): Ending | undefined {
  const known =
    typeof reason === 'string' && Object.hasOwn(shutdowns, reason) ? shutdowns[reason] : undefined;
  if (known === undefined) return undefined;
  return { reason: known, isStuck: false, ...(reason === 'guest-shutdown' && { isOrderly: true }) };
}

const ioReason = ({ nospace }: EventData): string =>
  nospace === true
    ? 'the disk of this host is full'
    : 'the disk of the machine could not be read or written on this host';

export const processEnding = ({ exitCode, signal }: ProcessEnd): string =>
  signal ? `QEMU was ended by ${signal}` : `QEMU exited with code ${exitCode}`;
