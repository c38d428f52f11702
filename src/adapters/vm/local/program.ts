import { builtProgram } from '../../../built-program.ts';
import { ShipError } from '../../../errors.ts';

/**
 * The path of the guest program.
 *
 * @throws ShipError VM_START_FAILED when it has not been built
 */
export function guestProgram(): string {
  const program = builtProgram('adapters/vm/local/guest-main');
  if (program !== undefined) return program;
  throw new ShipError('VM_START_FAILED', {
    summary: 'The local guest could not be started.',
    reason: 'Its program has not been built.',
    nextStep: 'Run "npm run build" in the folder of perry-ship.',
  });
}
