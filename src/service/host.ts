import { access, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { settings } from '../config/settings.ts';
import { packageRoot } from '../package-root.ts';

/** What the operator asks for. */
export interface ServiceFlags {
  /** Runs without anybody logged in: a LaunchDaemon, or a unit of the system; otherwise it is the user's own. */
  readonly daemon?: true;
  /** Whom such a one runs as; never root. */
  readonly user?: string;
  /** Another home folder than that of the user. */
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
  /** Program that knows the users, `getent` on Linux. */
  readonly getent: string;
  /** The same on a Mac. */
  readonly dscl: string;
  /** Path of launchctl. */
  readonly launchctl: string;
  /** `/Library/LaunchDaemons`. */
  readonly daemonsDir: string;
  /** `/etc/newsyslog.d`. */
  readonly newsyslogDir: string;
  /** Path of systemctl. */
  readonly systemctl: string;
  /** `/etc/systemd/system`. */
  readonly unitsDir: string;
}

const MINUTE_SECONDS = 60;
const MARGIN_SECONDS = 60;

/** A drain to its deadline, the cancelling of what is left, and the last words to the hub. */
export function exitTimeoutSeconds(drainMinutes: number): number {
  const { stopTimeout, closeTimeout } = supervisorLimits;
  return drainMinutes * MINUTE_SECONDS + (stopTimeout + closeTimeout) / 1_000 + MARGIN_SECONDS;
}

/** What the service starts. */
export const daemonScript = (): string => join(packageRoot(), 'dist', 'src', 'cli', 'perry-ship.js');

/**
 * Homebrew installs into a folder with the version in its name, which the next upgrade removes; a link on PATH
 * that leads to the same program stays.
 */
export async function stableNodePath({ env, execPath }: ServiceHost): Promise<string> {
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

/** Settings of this shell that the service does not see. */
export const unseenVariables = ({ env }: ServiceHost): string[] =>
  ['PERRY_HUB_SECRET', ...Object.values(settings).map(({ variable }) => variable)].filter((name) =>
    Boolean(env[name]),
  );
