import { createActor, fromPromise, waitFor } from 'xstate';
import { webPortLimits } from '../../machines/web-port/limits.ts';
import { webPortMachine } from '../../machines/web-port/machine.ts';
import type { ClosedPort } from '../observability/status.ts';
import type { Services } from '../run/services.ts';
import type { Piece } from '../web/piece.ts';

/** What is asked for at one port; the pieces are loaded when they are. */
export interface Site {
  readonly port: number;
  /** As the log says it. */
  readonly name: string;
  readonly pieces: readonly Piece[];
}

export interface OpenSite {
  /** While its port cannot be used. */
  closedPort(): ClosedPort | undefined;
  /** Where it is served, if it is. */
  url(): string | undefined;
  stop(): Promise<void>;
}

/** Serves it as soon as its port can be had; returns after the first attempt. */
export async function openSite(
  site: Site,
  { logger, limits }: Pick<Services, 'logger' | 'limits'>,
): Promise<OpenSite> {
  const { port, name } = site;
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  const url = () => server && `http://127.0.0.1:${server.port}/`;
  const open = async (): Promise<string | null> => {
    server = await serve(site, (error) =>
      logger.warn({ err: error }, `a request to the ${name} could not be answered`),
    );
    logger.info({ page: url() }, `the ${name} is on`);
    return null;
  };
  const actor = createActor(
    webPortMachine.provide({
      delays: { ...webPortLimits, ...limits.webPort },
      actors: {
        openPort: fromPromise<string | null, void>(() => {
          const attempt = open().catch(problemOf);
          opening = attempt;
          return attempt;
        }),
      },
    }),
  );
  actor.on('refused', ({ problem, attempts }) =>
    logger[attempts === 1 ? 'warn' : 'debug'](
      { port, problem },
      `the ${name} is off: its port cannot be used; it is tried again`,
    ),
  );
  actor.start();
  await waitFor(actor, (snapshot) => !snapshot.matches('opening'));
  return {
    url,
    closedPort: () => {
      const { problem } = actor.getSnapshot().context;
      return problem === null ? undefined : { name, port, problem };
    },
    stop: async () => {
      actor.stop();
      await opening;
      await server?.close();
    },
  };
}

async function serve({ port, pieces }: Site, onFault: (error: unknown) => void) {
  const { startWebServer } = await import('../web/server.ts');
  return startWebServer({
    port,
    routes: pieces.flatMap(({ routes = [] }) => routes),
    feeds: pieces.flatMap(({ feeds = [] }) => feeds),
    onFault,
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'this user may not use it',
};

/** Why a port cannot be had, for a person. */
const problemOf = (error: unknown): string => {
  const { code = 'nothing' } = error as NodeJS.ErrnoException;
  return PROBLEMS[code] ?? `the system says ${code}`;
};
