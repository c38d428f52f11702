import { tmpdir } from 'node:os';
import { type Alarms, startAlarms } from '../alarms/alarms.ts';
import type { DiskFacts } from '../alarms/conditions.ts';
import type { Config } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { freeBytesAt } from '../files/disk/usage.ts';
import { machinesFolder } from './free-disk.ts';
import type { WebSurroundings } from './web-surroundings.ts';

/** Of the state directory and of temporary files: one job with a large app. */
const WANTED_GB = 5;
/** The operator hears of it before no machine is made any more. */
const EARLIER = 1.5;
const GB = 1e9;

type Watched = Pick<WebSurroundings, 'supervisor' | 'services' | 'history' | 'status'>;

/** What the operator is told by itself, of this daemon. It sees the actors; none of them sees it. */
export async function watchDaemon({ supervisor, services, history, status }: Watched): Promise<Alarms> {
  const { config, logger, limits } = services;
  const alarms = await startAlarms({
    ...{ config, logger, status, limits: limits.alarms },
    disks: () => disksOf(config),
  });
  const { unsubscribe } = supervisor.system.inspect({ next: alarms.observe });
  const deaf = history.onFinished(alarms.jobFinished);
  return {
    ...alarms,
    stop: () => {
      unsubscribe();
      deaf();
      return alarms.stop();
    },
  };
}

function disksOf(config: Config): Promise<DiskFacts[]> {
  const { vmDriver, minFreeDiskGb, stateDir } = config;
  const ownGb = Math.min(WANTED_GB, minFreeDiskGb ?? WANTED_GB);
  const machinesGb = EARLIER * (minFreeDiskGb ?? vmDrivers[vmDriver].minFreeDiskGb);
  const machines = machinesFolder(config);
  const wanted = new Map([
    [tmpdir(), ownGb],
    [stateDir, ownGb],
  ]);
  wanted.set(machines, Math.max(machinesGb, wanted.get(machines) ?? 0));
  return Promise.all(
    [...wanted].map(async ([folder, gb]) => ({
      ...{ folder, wantedBytes: gb * GB },
      freeBytes: await freeBytesAt(folder),
    })),
  );
}
