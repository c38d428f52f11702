import { chown, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ShipError } from '../../errors.ts';
import { isThere } from '../../files/disk/is-there.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { notInstalled, requireSystem } from '../checks.ts';
import type { ServiceFlags, ServiceHost } from '../host.ts';
import { writeWorldReadable } from '../write-whole.ts';
import { planUnit, UNIT, type UnitPlan, unitPathOf } from './plan.ts';
import { type Systemd, tellSystemd, type UnitState, unitState } from './systemctl.ts';

export interface UnitResult {
  readonly plan: UnitPlan;
  /** `started`: it was installed, but had been drained. */
  readonly outcome: 'installed' | 'updated' | 'started' | 'unchanged';
}

/**
 * Writes the unit and hands it to systemd, which starts it now and at each boot. Doing it twice changes nothing; with
 * another unit the service is started anew, when the jobs that run have finished.
 *
 * @throws ShipError CONFIG_INVALID · SERVICE_FAILED
 */
export async function installUnit(flags: ServiceFlags, host: ServiceHost): Promise<UnitResult> {
  const plan = await planUnit(flags, host);
  if (plan.spec.kind === 'user' && host.uid === 0) throw notAsRoot();
  if (plan.spec.kind === 'system')
    await requireSystem(plan.spec, host, 'A service of the system needs root.');
  const systemd = systemdOf(flags, host);
  const known = await unitState(systemd, UNIT);
  const isSame = (await readFile(plan.unitPath, 'utf8').catch(() => undefined)) === plan.text;
  if (known && isSame && isRunning(known)) return { plan, outcome: 'unchanged' };
  await makeFolders(plan);
  await writeWorldReadable(plan.unitPath, plan.text);
  await tellSystemd(systemd, 'read', 'daemon-reload');
  await tellSystemd(systemd, 'enable', 'enable', UNIT);
  await tellSystemd(systemd, 'start', '--no-block', 'restart', UNIT);
  return { plan, outcome: known === undefined ? 'installed' : isSame ? 'started' : 'updated' };
}

/** Stops the service and removes its unit; one that is not there is no error. State stays. */
export async function uninstallUnit(
  flags: ServiceFlags,
  host: ServiceHost,
): Promise<'removed' | 'ending' | 'absent'> {
  const systemd = systemdOf(flags, host);
  const known = await unitState(systemd, UNIT);
  if (known) {
    await tellSystemd(systemd, 'disable', 'disable', UNIT);
    await tellSystemd(systemd, 'stop', '--no-block', 'stop', UNIT);
    // its unit says how long it may take: it stays until then
    if (isAlive(await unitState(systemd, UNIT))) return 'ending';
  }
  const wasThere = await removed(unitPathOf(flags, host));
  await tellSystemd(systemd, 'forget', 'daemon-reload');
  return known || wasThere ? 'removed' : 'absent';
}

/** @returns `undefined` when systemd does not know the service */
export const stateOfUnit = (flags: ServiceFlags, host: ServiceHost): Promise<UnitState | undefined> =>
  unitState(systemdOf(flags, host), UNIT);

/**
 * Returns when its process runs, which has said nothing yet. One that has failed too often is started all the same.
 *
 * @throws ShipError SERVICE_FAILED
 */
export async function startUnit(flags: ServiceFlags, host: ServiceHost): Promise<void> {
  const systemd = systemdOf(flags, host);
  await tellSystemd(systemd, 'forget the failures of', 'reset-failed', UNIT);
  await tellSystemd(systemd, 'start', 'start', UNIT);
}

/** @throws ShipError SERVICE_FAILED */
export const stopUnit = (flags: ServiceFlags, host: ServiceHost): Promise<void> =>
  tellSystemd(systemdOf(flags, host), 'stop', '--no-block', 'stop', UNIT);

const systemdOf = ({ daemon }: ServiceFlags, { systemctl }: ServiceHost): Systemd => ({
  systemctl,
  kind: daemon ? 'system' : 'user',
});

const isRunning = ({ state }: UnitState): boolean => /^(active|activating|reloading) /.test(state);
const isAlive = (state: UnitState | undefined): boolean =>
  state !== undefined && !/^(inactive|failed) /.test(state.state);

async function removed(path: string): Promise<boolean> {
  const wasThere = await isThere(path);
  await rm(path, { force: true });
  return wasThere;
}

/** The service may write to these alone, and cannot make them: what is around them is read-only for it. */
async function makeFolders({ unitPath, spec }: UnitPlan): Promise<void> {
  await makeFolder(dirname(unitPath));
  if (spec.kind !== 'system') return;
  const { uid, gid } = await stat(spec.home);
  for (const path of spec.writablePaths) {
    const missing = await missingFolders(path);
    await makeFolder(path, 0o700);
    for (const made of missing) await chown(made, uid, gid);
  }
}

/** The folder and those above it that are to be made with it. */
async function missingFolders(path: string): Promise<readonly string[]> {
  return (await isThere(path)) ? [] : [...(await missingFolders(dirname(path))), path];
}

const notAsRoot = (): ShipError =>
  notInstalled(
    'A service of a user belongs to somebody who logs in, and this is root.',
    'Run the command without sudo, or install a service of the system with --daemon --user NAME.',
  );
