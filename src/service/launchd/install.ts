import { chown, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ShipError } from '../../errors.ts';
import { isThere } from '../../files/disk/is-there.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { notInstalled, requireSystem } from '../checks.ts';
import type { ServiceFlags, ServiceHost } from '../host.ts';
import { writeWorldReadable } from '../write-whole.ts';
import { bootout, bootstrap, kickstart, type Launchd, type ServiceState, serviceState } from './launchctl.ts';
import { newsyslogLine } from './newsyslog.ts';
import { LABEL, placesOf, planService, ROTATION, type ServicePlan } from './plan.ts';

export interface InstallResult {
  readonly plan: ServicePlan;
  /** `started`: it was installed, but had been drained. */
  readonly outcome: 'installed' | 'updated' | 'started' | 'unchanged';
}

/**
 * Writes the property list and hands it to launchd. Doing it twice changes nothing; with another property list the
 * service is stopped first, which drains it.
 *
 * @throws ShipError CONFIG_INVALID · SERVICE_FAILED · SERVICE_STILL_STOPPING
 */
export async function installService(flags: ServiceFlags, host: ServiceHost): Promise<InstallResult> {
  const plan = await planService(flags, host);
  const kind = plan.spec.kind;
  if (kind === 'agent' && host.uid === 0) throw notAsRoot();
  if (kind === 'daemon') await requireSystem(plan.spec, host, 'Installing a LaunchDaemon needs root.');
  const launchd: Launchd = { launchctl: host.launchctl, domain: plan.domain };
  const known = await serviceState(launchd, LABEL);
  const isSame = (await readFile(plan.plistPath).catch(() => undefined))?.equals(plan.plist) === true;
  if (known && isSame && !isEnding(known)) return { plan, outcome: await keepRunning(launchd, known) };
  await makeFolders(plan);
  await writeRotation(plan);
  await writeWorldReadable(plan.plistPath, plan.plist);
  if (known && (await bootout(launchd, LABEL)) === 'ending') throw stillStopping();
  await bootstrap(launchd, LABEL, plan.plistPath);
  return { plan, outcome: known ? 'updated' : 'installed' };
}

/** Stops the service and removes its property list; one that is not there is no error. Logs and state stay. */
export async function uninstallService(
  flags: ServiceFlags,
  host: ServiceHost,
): Promise<'removed' | 'ending' | 'absent'> {
  const { launchd, plistPath } = launchdOf(flags, host);
  const known = await serviceState(launchd, LABEL);
  const wasThere = await isThere(plistPath);
  const left = known ? await bootout(launchd, LABEL) : 'gone';
  await rm(plistPath, { force: true });
  if (flags.daemon) await rm(join(host.newsyslogDir, ROTATION), { force: true });
  if (left === 'ending') return 'ending';
  return known || wasThere ? 'removed' : 'absent';
}

/** @returns `undefined` when launchd does not know the service */
export async function stateOfService(
  flags: ServiceFlags,
  host: ServiceHost,
): Promise<ServiceState | undefined> {
  return serviceState(launchdOf(flags, host).launchd, LABEL);
}

/** Launchd forgets a service that was stopped: it is handed over again then. @throws ShipError SERVICE_FAILED */
export async function startService(flags: ServiceFlags, host: ServiceHost): Promise<void> {
  const { launchd, plistPath } = launchdOf(flags, host);
  const known = await serviceState(launchd, LABEL);
  if (known) await keepRunning(launchd, known);
  else await bootstrap(launchd, LABEL, plistPath);
}

/** @throws ShipError SERVICE_FAILED */
export async function stopService(flags: ServiceFlags, host: ServiceHost): Promise<void> {
  const { launchd } = launchdOf(flags, host);
  if (await serviceState(launchd, LABEL)) await bootout(launchd, LABEL);
}

function launchdOf(flags: ServiceFlags, host: ServiceHost): { launchd: Launchd; plistPath: string } {
  const { domain, plistPath } = placesOf(flags.daemon ? 'daemon' : 'agent', flags.home ?? host.home, host);
  return { launchd: { launchctl: host.launchctl, domain }, plistPath };
}

async function keepRunning(launchd: Launchd, { pid }: ServiceState): Promise<'unchanged' | 'started'> {
  if (pid !== null) return 'unchanged';
  await kickstart(launchd, LABEL);
  return 'started';
}

/** launchd's word for a service that got SIGTERM and has not ended. */
const isEnding = ({ state }: ServiceState): boolean => state === 'SIGTERMed';

/** launchd creates no folder for the logs, and those of a LaunchDaemon must belong to its user. */
async function makeFolders({ logDir, plistPath, spec }: ServicePlan): Promise<void> {
  await makeFolder(logDir, 0o700);
  await makeFolder(dirname(plistPath));
  if (spec.kind !== 'daemon') return;
  const { uid, gid } = await stat(spec.home);
  await chown(logDir, uid, gid);
}

/** Root writes it where newsyslog reads it; anybody else beside the log, for root to copy it. */
async function writeRotation({ logDir, rotationPath }: ServicePlan): Promise<void> {
  const text = newsyslogLine(logDir, await stat(logDir));
  if (text === undefined) return;
  await makeFolder(dirname(rotationPath));
  await writeWorldReadable(rotationPath, text);
}

const notAsRoot = (): ShipError =>
  notInstalled(
    'A LaunchAgent belongs to the user who is logged in at the desktop, and this is root.',
    'Run the command without sudo, or install a LaunchDaemon with --daemon --user NAME.',
  );

const stillStopping = (): ShipError =>
  new ShipError('SERVICE_STILL_STOPPING', {
    summary: 'The new settings of the service are written, but the old one still runs.',
    reason: 'It was told to stop, and finishes its jobs first.',
    nextStep:
      'Wait until "perry-ship service status" says that it is not installed, and run "perry-ship service install" again.',
  });
