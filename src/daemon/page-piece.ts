import { inspectPage } from '../observability/inspect-page.ts';
import { createInspectRelay } from '../observability/inspect-relay.ts';
import type { Piece } from '../web/piece.ts';
import type { WebSurroundings } from './web-surroundings.ts';

/**
 * The page of `PERRY_INSPECT`: its files, what it asks for (`/api/…`), and its WebSockets. A room that has something
 * for the page makes a `Route` or a `Feed` of its own, and joins here.
 */
export function pagePiece({ supervisor, services, driver }: WebSurroundings): Piece {
  const { logger, redactor } = services;
  const relay = createInspectRelay({
    root: supervisor,
    redact: (text, jobId) => (jobId === undefined ? redactor.ofAnyJob : redactor.ofJob(jobId))(text),
    onFault: (error) => logger.warn({ err: error }, 'the inspector left something out'),
  });
  const machines = services.driver.isolates ? driver : `${driver}, which isolates nothing`;
  return { routes: [inspectPage(machines)], feeds: [relay.feed], stop: relay.stop };
}
