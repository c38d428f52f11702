import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../../cache-folder.ts';
import { withEnvFile } from '../../config/env-file.ts';
import { loadConfig } from '../../config/load.ts';
import { ShipError } from '../../errors.ts';
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
import { type UnitSpec, unitText } from './unit.ts';

export interface UnitPlan {
  readonly spec: UnitSpec;
  readonly text: string;
  readonly unitPath: string;
  readonly unseenVariables: readonly string[];
}

export const UNIT = 'perry-ship.service';
/** Of a longer state directory the control socket lies below `/tmp`: a socket has room for about a hundred characters. */
const MOST_SOCKET_CHARACTERS = 80;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Everything about the service before anything is changed. The settings are read as the service will read them, so
 * that a mistake is told here and not in a log.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function planUnit(flags: ServiceFlags, host: ServiceHost): Promise<UnitPlan> {
  const kind = flags.daemon ? 'system' : 'user';
  const { user, home } = await accountOf(flags, host);
  const envFile = await envFileOr(usualEnvFile(flags, home), flags);
  const env = { HOME: home, PATH };
  const { config } = loadConfig(await withEnvFile(env, envFile), 'linux');
  const spec: UnitSpec = {
    ...{ kind, home },
    nodePath: await stableNodePath(host),
    scriptPath: daemonScript(),
    groups: user === undefined ? [] : await groupsThatExist(['kvm']),
    writablePaths: [resolve(config.stateDir), cacheFolder(env, 'linux')],
    hasOwnTmp: resolve(config.stateDir).length <= MOST_SOCKET_CHARACTERS,
    exitTimeoutSeconds: exitTimeoutSeconds(config.drainTimeoutMinutes),
    ...(user !== undefined && { user }),
    ...(envFile !== undefined && { envFile }),
  };
  for (const path of pathsOf(spec)) refuseControlCharacters(path);
  return {
    spec,
    text: unitText(spec),
    unitPath: unitPathOf(flags, host),
    unseenVariables: unseenVariables(host),
  };
}

export const unitPathOf = ({ daemon, home }: ServiceFlags, host: ServiceHost): string =>
  daemon ? join(host.unitsDir, UNIT) : join(home ?? host.home, '.config', 'systemd', 'user', UNIT);

const pathsOf = ({ nodePath, scriptPath, envFile, home, writablePaths }: UnitSpec): string[] => [
  ...[nodePath, scriptPath, home, ...writablePaths],
  ...(envFile === undefined ? [] : [envFile]),
];

/** A line of a unit ends at a line break, whatever is around it. */
function refuseControlCharacters(path: string): void {
  if (!/\p{Cc}/u.test(path)) return;
  throw new ShipError('CONFIG_INVALID', {
    summary: 'A path of the service cannot be written into a unit of systemd.',
    reason: `${JSON.stringify(path)} has a control character in it.`,
    nextStep: 'Give the folder or the file a name without one.',
  });
}

const usualEnvFile = ({ daemon }: ServiceFlags, home: string): string =>
  daemon ? '/etc/perry-ship.env' : join(home, '.config', 'perry-ship', 'perry-ship.env');

async function groupsThatExist(names: readonly string[]): Promise<readonly string[]> {
  const lines = (await readFile('/etc/group', 'utf8').catch(() => '')).split('\n');
  return names.filter((name) => lines.some((line) => line.startsWith(`${name}:`)));
}
