import { type Alarms, startAlarms } from '../alarms/alarms.ts';
import type { WebSurroundings } from './web-surroundings.ts';

type Watched = Pick<WebSurroundings, 'supervisor' | 'services' | 'history' | 'status'>;

/** What the operator is told by itself, of this daemon. It sees the actors; none of them sees it. */
export async function watchDaemon({ supervisor, services, history, status }: Watched): Promise<Alarms> {
  const { config, logger, disks, limits } = services;
  const alarms = await startAlarms({
    ...{ config, logger, status, disks, limits: limits.alarms },
    lastJobs: () => history.list({ endedOnly: true }),
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
