import { ShipError } from '../errors.ts';
import type { ServiceHost } from './host.ts';
import { launchd } from './launchd/manager.ts';
import type { ServiceManager } from './manager.ts';
import { systemd } from './systemd/manager.ts';

/**
 * The one of this system.
 *
 * @throws ShipError SERVICE_UNSUPPORTED
 */
export function managerFor({ platform }: Pick<ServiceHost, 'platform'>): ServiceManager {
  if (platform === 'darwin') return launchd;
  if (platform === 'linux') return systemd;
  throw new ShipError('SERVICE_UNSUPPORTED', {
    summary: 'The service can be installed on macOS and Linux only.',
    reason: `This is ${platform}, which has neither launchd nor systemd.`,
    nextStep: 'Run "perry-ship run" under the service manager of this system.',
  });
}
