import type { Piece } from '../web/piece.ts';
import type { WebSurroundings } from './web-surroundings.ts';

export interface Web {
  stop(): Promise<void>;
}

/** Off unless it was asked for: then not even its code is loaded. A port in use is a warning, no more. */
export async function startWeb(surroundings: WebSurroundings): Promise<Web | undefined> {
  const { config, logger } = surroundings.services;
  const port = config.inspectPort;
  if (port === undefined) return undefined;
  const { pagePiece } = await import('./page-piece.ts');
  const pieces = [pagePiece(surroundings)];
  try {
    const web = await serve(port, pieces, surroundings);
    logger.info({ page: `http://127.0.0.1:${web.port}/` }, 'the inspector is on');
    return web;
  } catch (error) {
    for (const { stop } of pieces) stop?.();
    logger.warn({ port, err: error }, 'the inspector is off: its port cannot be used');
    return undefined;
  }
}

async function serve(
  port: number,
  pieces: readonly Piece[],
  { services: { logger } }: WebSurroundings,
): Promise<Web & { readonly port: number }> {
  const { startWebServer } = await import('../web/server.ts');
  const server = await startWebServer({
    port,
    routes: pieces.flatMap(({ routes = [] }) => routes),
    feeds: pieces.flatMap(({ feeds = [] }) => feeds),
    onFault: (error) => logger.warn({ err: error }, 'a request to the page could not be answered'),
  });
  const stop = async () => {
    await server.close();
    for (const piece of pieces) piece.stop?.();
  };
  return { port: server.port, stop };
}
