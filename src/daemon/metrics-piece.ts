import { createMetrics } from '../metrics/metrics.ts';
import type { Piece } from '../web/piece.ts';
import type { WebSurroundings } from './web-surroundings.ts';

/** `/metrics`, `/healthz` and `/readyz`. */
export function metricsPiece({ supervisor, services: { logger }, status }: WebSurroundings): Piece {
  const { routes, observe } = createMetrics({
    status,
    snapshot: () => supervisor.getSnapshot(),
    onFault: (error) => logger.debug({ err: error }, 'something was not counted'),
  });
  const subscription = supervisor.system.inspect({ next: observe });
  return { routes, stop: () => subscription.unsubscribe() };
}
