import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLiveFeed } from '../live/live-feed.ts';
import { createInspectRelay } from '../observability/inspect-relay.ts';
import type { RedactText } from '../observability/sanitise.ts';
import { statelyPage } from '../observability/stately-page.ts';
import { packageRoot } from '../package-root.ts';
import { assetsOf } from '../web/assets.ts';
import type { Piece } from '../web/piece.ts';
import { type Route, text } from '../web/route.ts';
import { freeDisk } from './free-disk.ts';
import { historyRoutes } from './history-routes.ts';
import { endedToday } from './today.ts';
import type { WebSurroundings } from './web-surroundings.ts';
import { wishRoutes } from './wish-routes.ts';

/**
 * The page of `PERRY_INSPECT`: its files, what it asks for (`/api/…`), and its WebSockets. A room that has something
 * for the page makes a `Route` or a `Feed` of its own, and joins here.
 */
export function pagePiece(surroundings: WebSurroundings): Piece {
  const { supervisor: root, services, driver, status, history } = surroundings;
  const { logger, redactor } = services;
  const redact: RedactText = (text, jobId) =>
    (jobId === undefined ? redactor.ofAnyJob : redactor.ofJob(jobId))(text);
  const tell = (what: string) => (error: unknown) => logger.warn({ err: error }, what);
  const relay = createInspectRelay({ root, redact, onFault: tell('the inspector left something out') });
  const disk = freeDisk(services.disks);
  const live = createLiveFeed({
    ...{ root, redact, logs: history.onLine },
    machines: services.driver.isolates ? driver : `${driver}, which isolates nothing`,
    standing: () => ({
      status: status(),
      today: services.config.historyJobs === 0 ? null : endedToday(history),
      disk: disk(),
    }),
    onFault: tell('the page was not told something'),
  });
  const stop = () => {
    live.stop();
    relay.stop();
  };
  return {
    routes: [...pageFiles(), statelyPage, ...wishRoutes(surroundings), ...historyRoutes(history)],
    feeds: [live.feed, relay.feed],
    stop,
  };
}

function pageFiles(): readonly Route[] {
  const folder = join(packageRoot(), 'dist/page');
  return existsSync(folder) ? assetsOf(folder) : [{ path: '/', get: () => text(503, NOT_BUILT) }];
}

const NOT_BUILT =
  'The page was not built: run "npm run build" where the sources are, and start the daemon again.\n';
