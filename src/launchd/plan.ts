import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { withEnvFile } from '../config/env-file.ts';
import { loadConfig } from '../config/load.ts';
import { settings } from '../config/settings.ts';
import { ShipError } from '../errors.ts';
import { packageRoot } from '../package-root.ts';
import { type ServiceSpec, servicePlist } from './launchd-plist.ts';

/** What the operator asks for. */
export interface ServiceFlags {
  /** A LaunchDaemon, which runs without anybody logged in; a LaunchAgent otherwise. */
  readonly daemon?: true;
  /** Whom a LaunchDaemon runs as; never root. */
  readonly user?: string;
  /** Home folder of that user. */
  readonly home?: string;
  readonly envFile?: string;
}

/** This host, as far as the service depends on it; another one in tests. */
export interface ServiceHost {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly execPath: string;
  /** Path of launchctl. */
  readonly launchctl: string;
  /** `/Library/LaunchDaemons`. */
  readonly daemonsDir: string;
}

export interface ServicePlan {
  readonly spec: ServiceSpec;
  readonly plist: Buffer;
  readonly plistPath: string;
  readonly domain: string;
  readonly logDir: string;
  /** Settings of this shell that the service will not see. */
  readonly unseenVariables: readonly string[];
}

export const LABEL = 'com.perryts.perry-ship';
const ENV_FILE = join('Library', 'Application Support', 'perry-ship', 'perry-ship.env');
const MINUTE_SECONDS = 60;
const MARGIN_SECONDS = 60;

/**
 * Everything about the service before anything is changed. The settings are read as the service will read them, so
 * that a mistake is told here and not in a log.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function planService(flags: ServiceFlags, host: ServiceHost): Promise<ServicePlan> {
  const kind = flags.daemon ? 'daemon' : 'agent';
  const user = flags.daemon ? userOf(flags) : undefined;
  const home = flags.home ?? (user === undefined ? host.home : `/Users/${user}`);
  const envFile = await envFileOf(flags, home);
  const { config } = loadConfig(await withEnvFile({}, envFile), 'darwin');
  const logDir = join(home, 'Library', 'Logs', 'perry-ship');
  const spec: ServiceSpec = {
    ...{ kind, label: LABEL, home, logDir },
    nodePath: await stableNodePath(host),
    scriptPath: join(packageRoot(), 'dist', 'src', 'cli', 'perry-ship.js'),
    exitTimeoutSeconds: exitTimeoutSeconds(config.drainTimeoutMinutes),
    ...(user !== undefined && { user }),
    ...(envFile !== undefined && { envFile }),
  };
  return {
    spec,
    plist: servicePlist(spec),
    ...placesOf(kind, home, host),
    logDir,
    unseenVariables: unseen(host),
  };
}

/** Where a service of this kind lies and lives. */
export function placesOf(kind: 'agent' | 'daemon', home: string, host: ServiceHost) {
  return kind === 'daemon'
    ? { plistPath: join(host.daemonsDir, `${LABEL}.plist`), domain: 'system' }
    : { plistPath: join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`), domain: `gui/${host.uid}` };
}

/** A drain to its deadline, the cancelling of what is left, and the last words to the hub. */
function exitTimeoutSeconds(drainMinutes: number): number {
  const { stopTimeout, closeTimeout } = supervisorLimits;
  return drainMinutes * MINUTE_SECONDS + (stopTimeout + closeTimeout) / 1_000 + MARGIN_SECONDS;
}

function userOf({ user }: ServiceFlags): string {
  if (user !== undefined && user !== 'root' && /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/.test(user)) return user;
  throw new ShipError('CONFIG_INVALID', {
    summary: 'A LaunchDaemon of perry-ship needs a user of its own.',
    reason: user === undefined ? 'None was given.' : `"${user}" is root or not a name that a user has.`,
    nextStep: 'Give it with --user, for example: sudo perry-ship service install --daemon --user signer',
  });
}

/** The file that was named, which must be there; else the usual one, if it is there. */
async function envFileOf({ envFile }: ServiceFlags, home: string): Promise<string | undefined> {
  if (envFile !== undefined) return resolve(envFile);
  const usual = join(home, ENV_FILE);
  return stat(usual).then(
    () => usual,
    () => undefined,
  );
}

/**
 * Homebrew installs into a folder with the version in its name, which the next upgrade removes; a link on PATH
 * that leads to the same program stays.
 */
async function stableNodePath({ env, execPath }: ServiceHost): Promise<string> {
  if (!execPath.includes('/Cellar/')) return execPath;
  const real = await realpath(execPath).catch(() => execPath);
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(dir, 'node');
    if (dir.startsWith('/') && !dir.includes('/Cellar/') && (await leadsTo(candidate, real)))
      return candidate;
  }
  return execPath;
}

const leadsTo = (candidate: string, real: string): Promise<boolean> =>
  access(candidate)
    .then(() => realpath(candidate))
    .then(
      (path) => path === real,
      () => false,
    );

const unseen = ({ env }: ServiceHost): string[] =>
  ['PERRY_HUB_SECRET', ...Object.values(settings).map(({ variable }) => variable)].filter((name) =>
    Boolean(env[name]),
  );
