import type { Piece } from '../web/piece.ts';
import type { WebSurroundings } from './web-surroundings.ts';

export interface Web {
  /** Where a browser finds the page, if there is one: `http://127.0.0.1:8080/`. */
  readonly pageUrl: string | undefined;
  stop(): Promise<void>;
}

/** What is asked for at one port; the pieces are loaded when they are. */
interface Site {
  readonly port: number;
  /** As the log says it. */
  readonly name: string;
  readonly pieces: readonly Piece[];
}

/**
 * The page, the metrics, or both, on one server when their ports are the same. Off unless they are asked for: then not
 * even their code is loaded. A port in use is a warning, no more.
 */
export async function startWeb(surroundings: WebSurroundings): Promise<Web | undefined> {
  const { inspectPort, metricsPort } = surroundings.services.config;
  if (inspectPort === undefined && metricsPort === undefined) return undefined;
  const { metricsPiece } = await import('./metrics-piece.ts');
  const metrics = metricsPiece(surroundings);
  const page = inspectPort === undefined ? undefined : await loadPage(surroundings);
  const sites: Site[] = [
    ...(page ? [{ port: inspectPort as number, name: 'inspector', pieces: [page, metrics] }] : []),
    ...(metricsPort === undefined || metricsPort === inspectPort
      ? []
      : [{ port: metricsPort, name: 'metrics server', pieces: [metrics] }]),
  ];
  const opened = await Promise.all(sites.map((site) => open(site, surroundings)));
  return {
    pageUrl: page && opened[0]?.url,
    stop: async () => {
      await Promise.all(opened.map((server) => server?.close()));
      for (const { stop } of page ? [page, metrics] : [metrics]) stop?.();
    },
  };
}

async function loadPage(surroundings: WebSurroundings): Promise<Piece> {
  const { pagePiece } = await import('./page-piece.ts');
  return pagePiece(surroundings);
}

interface OpenSite {
  readonly url: string;
  close(): Promise<void>;
}

/** @returns nothing when its port cannot be used */
async function open(
  { port, name, pieces }: Site,
  { services: { logger } }: WebSurroundings,
): Promise<OpenSite | undefined> {
  const { startWebServer } = await import('../web/server.ts');
  try {
    const server = await startWebServer({
      port,
      routes: pieces.flatMap(({ routes = [] }) => routes),
      feeds: pieces.flatMap(({ feeds = [] }) => feeds),
      onFault: (error) => logger.warn({ err: error }, `a request to the ${name} could not be answered`),
    });
    const url = `http://127.0.0.1:${server.port}/`;
    logger.info({ page: url }, `the ${name} is on`);
    return { url, close: server.close };
  } catch (error) {
    logger.warn({ port, err: error }, `the ${name} is off: its port cannot be used`);
    return undefined;
  }
}
