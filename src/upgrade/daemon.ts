import type { DaemonLook } from '../../machines/daemon-watch/machine.ts';
import { askDaemon } from '../control/client.ts';
import { holderOf } from '../control/state-lock.ts';
import type { DaemonStatus } from '../observability/status.ts';
import type { ServiceFlags, ServiceHost } from '../service/host.ts';
import type { ServiceManager } from '../service/manager.ts';
import { refused } from './failures.ts';

export type ServiceKind = 'user' | 'system';

/** The daemon that works on the state directory, and who runs it. */
export interface RunningDaemon {
  readonly status: DaemonStatus;
  /** Null: no service manager does. */
  readonly service: ServiceKind | null;
}

export const flagsOf = (kind: ServiceKind): ServiceFlags => (kind === 'system' ? { daemon: true } : {});

interface Surroundings {
  readonly stateDir: string;
  readonly manager: ServiceManager | undefined;
  readonly host: ServiceHost;
}

/**
 * Who runs a daemon is known by its process: the one that answers on the control socket is the one of the service, or not.
 *
 * @throws ShipError UPGRADE_REFUSED when a service runs that works on another state directory · DAEMON_NOT_ANSWERING
 */
export async function findDaemon({
  stateDir,
  manager,
  host,
}: Surroundings): Promise<RunningDaemon | undefined> {
  const holder = await holderOf(stateDir);
  const status = holder && (await askDaemon(stateDir, { request: 'status' }));
  const services = await servicesThatRun(manager, host);
  const own = services.find(({ pid }) => pid === status?.pid);
  const other = services.find(({ pid }) => pid !== status?.pid);
  if (other) throw onOtherFolder(other.pid, stateDir);
  return status && { status, service: own?.kind ?? null };
}

async function servicesThatRun(manager: ServiceManager | undefined, host: ServiceHost) {
  const found: { readonly kind: ServiceKind; readonly pid: number }[] = [];
  for (const kind of ['user', 'system'] as const) {
    // where one of them cannot be asked, there is none that we could start
    const state = await manager?.state(flagsOf(kind), host).catch(() => undefined);
    if (state?.pid) found.push({ kind, pid: state.pid });
  }
  return found;
}

/** As it stands now, for whoever waits until it has ended or serves. */
export async function lookAtDaemon(
  { stateDir, manager, host }: Surroundings,
  service: ServiceKind | null,
): Promise<DaemonLook> {
  const state = service === null ? undefined : await manager?.state(flagsOf(service), host);
  const holder = await holderOf(stateDir);
  const status = holder && (await askDaemon(stateDir, { request: 'status' }).catch(() => undefined));
  // one that is unable takes jobs as soon as its host lets it: that is no fault of the version
  const serves = ['accepting', 'unable', 'paused'].includes(status?.work ?? '');
  return {
    // the process lives a moment longer than its lock
    isGone: !holder && !state?.pid,
    hasDied: state?.hasFailed === true,
    version: status?.version ?? null,
    isIdle: status?.runs.length === 0 && !serves,
    serves,
    isLinked: status?.link === 'online',
  };
}

const onOtherFolder = (pid: number, stateDir: string) =>
  refused(
    `The service runs as process ${pid}, and does not work on the state directory "${stateDir}".`,
    'Name the folder that it works on with --state-dir, or the file that it is started with by --env-file.',
  );
