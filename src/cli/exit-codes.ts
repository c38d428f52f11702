import { ShipError } from '../errors.ts';

/** What launchd and scripts can tell apart; the numbers are those of sysexits.h. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  /** EX_UNAVAILABLE: the host lacks something. */
  hostNotReady: 69,
  /** EX_SOFTWARE: a defect of ours. */
  defect: 70,
  /** EX_CONFIG: starting again without a change is of no use. */
  badConfiguration: 78,
} as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ShipError)) return exitCodes.defect;
  if (error.code === 'CONFIG_INVALID' || error.code === 'VM_DRIVER_UNAVAILABLE')
    return exitCodes.badConfiguration;
  return error.failure.kind === 'host' ? exitCodes.hostNotReady : exitCodes.failed;
}
