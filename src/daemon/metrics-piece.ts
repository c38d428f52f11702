import { alarmNames } from '../alarms/catalogue.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Piece } from '../web/piece.ts';
import type { WebSurroundings } from './web-surroundings.ts';

/** `/metrics`, `/healthz` and `/readyz`. */
export function metricsPiece({ supervisor, services, history, alarms, status }: WebSurroundings): Piece {
  const { logger } = services;
  const metrics = createMetrics({
    ...{ status, alarms: alarmNames },
    snapshot: () => supervisor.getSnapshot(),
    onFault: (error) => logger.debug({ err: error }, 'something was not counted'),
  });
  const { unsubscribe } = supervisor.system.inspect({ next: metrics.observe });
  const stops = [
    unsubscribe,
    history.onFinished(metrics.jobFinished),
    alarms.onTold(({ event, alarm }) => {
      if (event === 'raised') metrics.alarmRaised(alarm);
    }),
  ];
  const stop = () => {
    for (const each of stops) each();
  };
  return { routes: metrics.routes, stop };
}
