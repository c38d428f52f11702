import { fromPromise } from 'xstate';
import type { Obstacle } from '../../machines/contracts/obstacle.ts';
import type { Logger } from '../observability/logger.ts';
import { findObstacles } from '../obstacles/find-obstacles.ts';
import { unwritableIn } from '../obstacles/state-folder.ts';
import type { Services } from '../run/services.ts';

/** What stands in the way of every job; what is new, and what is over, is told in the log. */
export async function lookForObstacles(
  { config, signatures, driver, disks, logger }: Services,
  known: readonly Obstacle[],
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  const unwritable = () => unwritableIn(config.stateDir);
  const found = await findObstacles({ unwritable, signatures, driver, disks }, known, signal);
  tell(logger, known, found);
  return found;
}

export const findObstaclesIn = (services: Services) =>
  fromPromise<readonly Obstacle[], { known: readonly Obstacle[] }>(({ input, signal }) =>
    lookForObstacles(services, input.known, signal),
  );

function tell(logger: Logger, known: readonly Obstacle[], found: readonly Obstacle[]): void {
  const notIn = (all: readonly Obstacle[]) => (one: Obstacle) =>
    all.every(({ about }) => about !== one.about);
  for (const { about, summary, reason, nextStep } of found.filter(notIn(known)))
    logger.error({ about, reason, nextStep }, `no job can succeed here, and none is taken: ${summary}`);
  for (const { about } of known.filter(notIn(found)))
    logger.info({ about }, 'what stood in the way of every job is over');
}
