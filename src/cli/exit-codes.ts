import { type FailureKind, toFailure } from '../../machines/contracts/failure.ts';

/**
 * What launchd and scripts can tell apart; the large numbers are those of sysexits.h. launchd starts the daemon
 * again after anything but 0, at most once in the `ThrottleInterval` of our service: so a daemon that crashed is
 * back at once, and one that cannot start tries quietly until an operator has fixed the cause.
 *
 * A third signal ends the daemon with 128 + the signal's number, as a shell has it.
 *
 * @see https://man.freebsd.org/cgi/man.cgi?query=sysexits
 */
export const exitCodes = {
  /** Done; for the daemon: drained or cancelled on request, so launchd leaves it alone. */
  done: 0,
  /** The command did what it could, and the answer is no. */
  failed: 1,
  wrongUsage: 2,
  /** `status`, `drain`, `cancel`: no daemon works on that state directory. */
  notRunning: 3,
  /** EX_UNAVAILABLE: the host lacks something, or another daemon is there already. */
  hostNotReady: 69,
  /** EX_SOFTWARE: a defect of ours; the daemon cancelled what ran and ended. */
  defect: 70,
  /** EX_CONFIG: starting again without a change is of no use. */
  badConfiguration: 78,
} as const;

const SPECIAL: Readonly<Record<string, number>> = {
  COMMAND_USAGE_WRONG: exitCodes.wrongUsage,
  CONFIG_INVALID: exitCodes.badConfiguration,
  DAEMON_NOT_RUNNING: exitCodes.notRunning,
};

const OF_KIND: Readonly<Record<FailureKind, number>> = {
  input: exitCodes.failed,
  upstream: exitCodes.failed,
  host: exitCodes.hostNotReady,
  defect: exitCodes.defect,
};

export function exitCodeOf(error: unknown): number {
  const { code, kind } = toFailure(error);
  return SPECIAL[code] ?? OF_KIND[kind];
}
