import { mostWaiting } from '../../machines/supervisor/limits.ts';
import type { SupervisorInput } from '../../machines/supervisor/machine.ts';
import { vmDriverFacts } from '../domain/vm-driver.ts';
import { NO_ROOM } from '../observability/log-events.ts';
import type { Services } from '../run/services.ts';

type Slots = Pick<SupervisorInput, 'maxConcurrent' | 'maxWaiting' | 'standbySize' | 'room' | 'followsRoom'>;

/**
 * How many jobs there may be at the start, and how many machines stand by.
 *
 * @throws ShipError as `VmDriver.room`
 */
export async function slotsOf({ config, driver, logger }: Services, signal: AbortSignal): Promise<Slots> {
  const { maxConcurrent: most, followsRoom, standbyMachines } = config;
  const standbys = standbyMachines ?? vmDriverFacts(driver.kind).standbys ?? most;
  const seen = await driver.room?.({ signal }).catch((error: unknown) => {
    if (followsRoom) throw error;
    logger.warn({ err: error }, 'it is not known yet how many machines there is room for: none stands by');
    return undefined;
  });
  if (seen)
    logger[seen.slots === 0 ? 'warn' : 'info'](
      seen,
      seen.slots === 0 ? NO_ROOM : 'the cluster has room for machines',
    );
  return {
    maxConcurrent: seen && followsRoom ? seen.slots : most,
    maxWaiting: mostWaiting(most),
    standbySize: Math.min(standbys, most),
    room: seen?.slots ?? (driver.room && 0),
    followsRoom,
  };
}
