import type { OrchardSettings } from '../../adapters/vm/orchard/options.ts';
import type { Config } from '../../config/load.ts';
import type { Check } from '../check.ts';
import { controllerChecks } from './controller.ts';
import { imageChecks } from './image.ts';
import { visitCluster } from './visit.ts';
import { workerChecks } from './workers.ts';

/**
 * Everything that decides whether machines can be made in a cluster. Nothing is made or changed there, and credentials go to
 * whoever has the trusted certificate.
 *
 * @param settings - throws ShipError CONFIG_INVALID, which is then the first finding
 */
export function clusterChecks(config: Config, settings: () => OrchardSettings, image: string): Check[] {
  const visit = visitCluster(settings);
  return [...controllerChecks(visit), ...workerChecks(visit, config), ...imageChecks(visit, image)];
}
