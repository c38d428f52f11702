import type { ClosedPort } from '../observability/status.ts';
import type { Piece } from '../web/piece.ts';
import { openSite, type Site } from './web-site.ts';
import type { WebSurroundings } from './web-surroundings.ts';

export interface Web {
  /** Where a browser finds the page, if there is one: `http://127.0.0.1:8080/`. */
  readonly pageUrl: string | undefined;
  /** What is not served for now, because its port cannot be used. */
  closedPorts(): readonly ClosedPort[];
  stop(): Promise<void>;
}

/**
 * The page, the metrics, or both, on one server when their ports are the same. Off unless they are asked for: then not
 * even their code is loaded. A port in use keeps no daemon from working: jobs matter more than whoever looks at them. It is
 * said in the status, becomes an alarm, and is tried again.
 */
export async function startWeb(surroundings: WebSurroundings): Promise<Web | undefined> {
  const { inspectPort, metricsPort } = surroundings.services.config;
  if (inspectPort === undefined && metricsPort === undefined) return undefined;
  const { metricsPiece } = await import('./metrics-piece.ts');
  const metrics = metricsPiece(surroundings);
  const page = inspectPort === undefined ? undefined : await loadPage(surroundings);
  const sites: Site[] = [
    ...(page ? [{ port: inspectPort as number, name: 'page', pieces: [page, metrics] }] : []),
    ...(metricsPort === undefined || metricsPort === inspectPort
      ? []
      : [{ port: metricsPort, name: 'metrics server', pieces: [metrics] }]),
  ];
  const opened = await Promise.all(sites.map((site) => openSite(site, surroundings.services)));
  return {
    pageUrl: page && opened[0]?.url(),
    closedPorts: () => opened.flatMap(({ closedPort }) => closedPort() ?? []),
    stop: async () => {
      await Promise.all(opened.map(({ stop }) => stop()));
      for (const { stop } of page ? [page, metrics] : [metrics]) stop?.();
    },
  };
}

async function loadPage(surroundings: WebSurroundings): Promise<Piece> {
  const { pagePiece } = await import('./page-piece.ts');
  return pagePiece(surroundings);
}
