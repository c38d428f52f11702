/** One request, as a route sees it: of a known path and method, and from somebody who may ask. */
export interface WebRequest {
  /** What stands for the `:names` of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON of a POST, not looked at yet: parse it with zod. Undefined when it has none. */
  readonly body: unknown;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface WebAnswer {
  /** 200 when left out. */
  readonly status?: number;
  /** The content type, e.g. `application/json; charset=utf-8`. */
  readonly type: string;
  readonly body: string | Uint8Array;
  /** Beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

type Handler = (request: WebRequest) => WebAnswer | Promise<WebAnswer>;

/** What is answered at one path. A handler that throws is a 500, and is told to the server's `onFault`. */
export interface Route {
  /** `/api/jobs/:id`; a name stands for one part that is not empty. The first route that fits answers. */
  readonly path: string;
  /** For HEAD as well. It changes nothing. */
  readonly get?: Handler;
  /** Only our own page gets here; see `whyNotChange`. */
  readonly post?: Handler;
}

export const text = (status: number, said: string): WebAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: said,
});

export const json = (value: unknown, status = 200): WebAnswer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The first route for a path, e.g. `/api/jobs/17`. */
export function findRoute(routes: readonly Route[], path: string): Found | undefined {
  const parts = decoded(path);
  if (!parts) return undefined;
  for (const route of routes) {
    const params = matched(route.path.split('/'), parts);
    if (params) return { route, params };
  }
  return undefined;
}

function decoded(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matched(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, wanted] of pattern.entries()) {
    const part = parts[at] ?? '';
    if (wanted.startsWith(':') && part !== '') params[wanted.slice(1)] = part;
    else if (wanted !== part) return undefined;
  }
  return params;
}
