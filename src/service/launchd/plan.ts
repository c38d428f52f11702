import { join } from 'node:path';
import { withEnvFile } from '../../config/env-file.ts';
import { loadConfig } from '../../config/load.ts';
import { accountOf } from '../account.ts';
import { envFileOr } from '../checks.ts';
import {
  daemonScript,
  exitTimeoutSeconds,
  type ServiceFlags,
  type ServiceHost,
  stableNodePath,
  unseenVariables,
} from '../host.ts';
import { type ServiceSpec, servicePlist } from './launchd-plist.ts';

export interface ServicePlan {
  readonly spec: ServiceSpec;
  readonly plist: Buffer;
  readonly plistPath: string;
  readonly domain: string;
  readonly logDir: string;
  /** What rotates the log lies there; of a LaunchDaemon it is where newsyslog looks for it. */
  readonly rotationPath: string;
  /** Settings of this shell that the service will not see. */
  readonly unseenVariables: readonly string[];
}

export const LABEL = 'com.perryts.perry-ship';
export const ROTATION = `${LABEL}.conf`;
const ENV_FILE = join('Library', 'Application Support', 'perry-ship', 'perry-ship.env');

/**
 * Everything about the service before anything is changed. The settings are read as the service will read them, so
 * that a mistake is told here and not in a log.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function planService(flags: ServiceFlags, host: ServiceHost): Promise<ServicePlan> {
  const kind = flags.daemon ? 'daemon' : 'agent';
  const { user, home } = await accountOf(flags, host);
  const envFile = await envFileOr(join(home, ENV_FILE), flags);
  const { config } = loadConfig(await withEnvFile({}, envFile), 'darwin');
  const logDir = join(home, 'Library', 'Logs', 'perry-ship');
  const spec: ServiceSpec = {
    ...{ kind, label: LABEL, home, logDir },
    nodePath: await stableNodePath(host),
    scriptPath: daemonScript(),
    exitTimeoutSeconds: exitTimeoutSeconds(config.drainTimeoutMinutes),
    ...(user !== undefined && { user }),
    ...(envFile !== undefined && { envFile }),
  };
  return {
    spec,
    plist: servicePlist(spec),
    ...placesOf(kind, home, host),
    logDir,
    rotationPath: join(kind === 'daemon' ? host.newsyslogDir : logDir, ROTATION),
    unseenVariables: unseenVariables(host),
  };
}

/** Where a service of this kind lies and lives. */
export function placesOf(kind: 'agent' | 'daemon', home: string, host: ServiceHost) {
  return kind === 'daemon'
    ? { plistPath: join(host.daemonsDir, `${LABEL}.plist`), domain: 'system' }
    : { plistPath: join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`), domain: `gui/${host.uid}` };
}
