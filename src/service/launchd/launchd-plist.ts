import { join } from 'node:path';
import { buildPlist, newDict, type PlistDict, type PlistValue } from '../../formats/plist/index.ts';

export interface ServiceSpec {
  readonly kind: 'agent' | 'daemon';
  readonly label: string;
  /** Absolute: launchd knows no PATH. */
  readonly nodePath: string;
  readonly scriptPath: string;
  /** Settings and secrets; the plist itself can be read by every user, and by `launchctl print`. */
  readonly envFile?: string;
  readonly home: string;
  /** Whom a LaunchDaemon runs as. */
  readonly user?: string;
  readonly logDir: string;
  readonly exitTimeoutSeconds: number;
}

/** Homebrew's folder is not on the PATH that launchd gives, and Tart is there. */
const PATH = '/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
export const LOG_FILE = 'perry-ship.log';
const OWNER_ONLY_UMASK = 0o077;

/**
 * Least time between two *starts*. A daemon that crashed after an hour is back at once; one that cannot start, for
 * example because of a wrong setting, tries once a minute. launchd cannot tell exit code 78 from others, and a
 * minute keeps both: no spinning, and a daemon that comes up by itself when the cause is fixed.
 */
export const THROTTLE_SECONDS = 60;

/**
 * The property list of the service.
 *
 * - `KeepAlive.SuccessfulExit = false`: started again after a crash, left alone after a drain (exit 0).
 * - `AbandonProcessGroup` is absent on purpose: machines die with the daemon, and the next start sweeps.
 * - `ProcessType = Interactive`: the machines inherit it, and would be slowed down otherwise.
 *
 * @see launchd.plist(5) of macOS 14
 */
export function servicePlist(spec: ServiceSpec): Buffer {
  const entries: [string, PlistValue][] = [
    ['Label', spec.label],
    ['ProgramArguments', programArguments(spec)],
    ['EnvironmentVariables', environment(spec)],
    ['WorkingDirectory', spec.home],
    ['RunAtLoad', true],
    ['KeepAlive', newDict([['SuccessfulExit', false]])],
    ['ThrottleInterval', THROTTLE_SECONDS],
    ['ExitTimeOut', spec.exitTimeoutSeconds],
    ['ProcessType', 'Interactive'],
    ['Umask', OWNER_ONLY_UMASK],
    // launchd keeps these open, whoever renames them: only what a daemon says that cannot start or crashes
    ['StandardOutPath', join(spec.logDir, 'perry-ship.out.log')],
    ['StandardErrorPath', join(spec.logDir, 'perry-ship.err.log')],
    ...sessionOf(spec),
  ];
  return buildPlist(newDict(entries), 'xml', { name: `${spec.label}.plist` });
}

/** Node 20 takes `--env-file` for itself wherever it stands, unless `--` comes before it. */
const programArguments = ({ nodePath, scriptPath, envFile }: ServiceSpec): string[] => [
  nodePath,
  '--',
  scriptPath,
  'run',
  ...(envFile === undefined ? [] : ['--env-file', envFile]),
];

/** A LaunchDaemon has no HOME; without it neither Tart nor we find our files. */
function environment({ kind, home, user, logDir }: ServiceSpec): PlistDict {
  const variables: [string, PlistValue][] = [
    ['PATH', PATH],
    ['PERRY_LOG_FILE', join(logDir, LOG_FILE)],
  ];
  if (kind === 'daemon') variables.push(['HOME', home], ['USER', user ?? '']);
  return newDict(variables);
}

/** An agent needs the session of the desktop: there the login keychain is unlocked, which Tart needs. */
function sessionOf({ kind, user }: ServiceSpec): [string, PlistValue][] {
  if (kind === 'agent') return [['LimitLoadToSessionType', 'Aqua']];
  return user === undefined ? [] : [['UserName', user]];
}
