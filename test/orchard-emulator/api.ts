import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { notJson } from './admission.ts';
import type { Cluster, RegisteredWorker } from './cluster.ts';
import { takeReport } from './remote-worker.ts';
import { type Account, Refusal, type Role, type Vm } from './resources.ts';
import type { Worker } from './worker.ts';

const MAX_BODY_BYTES = 1_000_000;

/** Whoever asks, or nobody. */
export function accountOf(cluster: Cluster, { headers }: IncomingMessage): Account | undefined {
  const [, text = ''] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(headers.authorization ?? '') ?? [];
  const [name = '', ...token] = Buffer.from(text, 'base64').toString().split(':');
  const account = cluster.accounts.get(name);
  return account && isSame(account.token, token.join(':')) ? account : undefined;
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Wrong credentials and a missing role are both 401; only the latter says why. @throws Refusal */
export function require(
  account: Account | undefined,
  roles: readonly Role[],
  need: 'all' | 'any' = 'all',
): void {
  if (!account) throw new Refusal(401);
  const has = (role: Role) => account.roles.includes(role);
  if (need === 'all' ? roles.every(has) : roles.some(has)) return;
  throw new Refusal(401, `${need} of the following roles must be present: ${roles.join(', ')}`);
}

/** What a handler of one method and path gets. */
interface Request {
  readonly cluster: Cluster;
  readonly account: Account | undefined;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: () => Promise<unknown>;
}
type Handler = (request: Request) => unknown;

const read: readonly Role[] = ['compute:read'];
const write: readonly Role[] = ['compute:write'];

/** By method and path; `*` is a name. A path that is missing here is a page that does not exist. */
const handlers: Readonly<Record<string, Handler>> = {
  // the middleware of 0.55.0 goes on after it has refused: this page is open to everybody
  'GET /': () => ({}),
  'GET /controller/info': ({ account, cluster }) => {
    require(account, []);
    const { version, capabilities } = cluster.knobs;
    return { version, commit: 'emulated', capabilities };
  },
  'GET /cluster-settings': ({ account }) => {
    require(account, ['admin:read']);
    return {};
  },
  'GET /service-accounts': ({ account, cluster }) => {
    require(account, ['admin:read']);
    return [...cluster.accounts.values()];
  },
  'GET /workers': ({ account, cluster }) => {
    require(account, read);
    return [...cluster.workers.values()].map(workerView);
  },
  'GET /workers/*': ({ account, cluster, name }) => {
    require(account, read);
    const worker = cluster.workers.get(name);
    if (!worker) throw new Refusal(404);
    return workerView(worker);
  },
  'GET /workers/*/port-forward': ({ account, cluster, name, query }) => {
    require(account, ['admin:write']);
    if (!/^\d{1,5}$/.test(query.get('port') ?? '')) throw new Refusal(400);
    throw new Refusal(cluster.workers.has(name) ? 426 : 404);
  },
  'POST /workers': async ({ account, cluster, body }) => {
    require(account, write);
    return workerView(cluster.register((await body()) as RegisteredWorker));
  },
  // the name in the body decides, not that of the path
  'PUT /workers/*': async ({ account, cluster, body }) => {
    require(account, write);
    return workerView(cluster.heartbeat((await body()) as RegisteredWorker));
  },
  'PUT /vms/*/state': async ({ account, cluster, name, body }) => {
    require(account, write);
    return vmView(takeReport(cluster.read(name), (await body()) as Record<string, unknown>));
  },
  'POST /vms': async ({ account, cluster, body }) => {
    require(account, write);
    const { version: _, ...made } = vmView(cluster.create(await body()));
    return made;
  },
  'GET /vms': ({ account, cluster, query }) => {
    require(account, read);
    return vmsBy(cluster, query.get('filter'));
  },
  'GET /vms/*': ({ account, cluster, name, query }) => {
    require(account, read);
    if (query.has('watch')) cluster.violations.push('a watch, which hangs silently when the machine is gone');
    return vmView(cluster.read(name));
  },
  'GET /vms/*/events': ({ account, cluster, name }) => {
    require(account, read);
    cluster.read(name);
    return [];
  },
  'DELETE /vms/*': ({ account, cluster, name }) => {
    require(account, write);
    cluster.remove(name);
    return undefined;
  },
};

/** @throws Refusal */
export async function answer(
  cluster: Cluster,
  request: IncomingMessage,
  { pathname, searchParams }: URL,
  body = () => json(request),
): Promise<unknown> {
  const path = pathname.replace(/^\/v1/, '');
  const [, collection = '', name = '', part = ''] = path.split('/');
  const known = [path, `/${collection}/*${part && `/${part}`}`].map(
    (form) => handlers[`${request.method} ${form}`],
  );
  const handler = known.find((each) => each !== undefined);
  if (!handler) throw new Refusal(404, '404 page not found');
  const account = accountOf(cluster, request);
  return handler({
    cluster,
    account,
    name: decodeURIComponent(name),
    query: searchParams,
    body,
  });
}

export async function json(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces);
  if (text.length > MAX_BODY_BYTES) throw notJson();
  try {
    return JSON.parse(text.toString());
  } catch {
    throw notJson();
  }
}

function vmsBy(cluster: Cluster, filter: string | null): unknown[] {
  const [, key, value] = /^(.+)=(.*)$/.exec(filter ?? '') ?? [];
  if (filter !== null && key === undefined) throw new Refusal(412, 'invalid filter: expected path=value');
  return [...cluster.vms.values()]
    .filter((vm) => key === undefined || (key === 'worker' && vm.worker === value))
    .map(vmView);
}

const vmView = (vm: Vm): Vm => structuredClone(vm);

function workerView({ spec, isPaused, lastSeenMs }: Worker): unknown {
  return {
    ...{
      name: spec.name,
      arch: spec.arch,
      runtime: spec.runtime,
      resources: spec.resources,
      labels: spec.labels,
    },
    ...{ last_seen: new Date(lastSeenMs).toISOString(), machine_id: `id-of-${spec.name}` },
    ...(isPaused && { scheduling_paused: true }),
    ...{ createdAt: new Date(lastSeenMs).toISOString(), version: 1, defaultCPU: 4, defaultMemory: 8_192 },
  };
}

/** Every success is 200. An empty body has no type. */
export function send(response: ServerResponse, status: number, body: unknown): void {
  if (body === undefined) return void response.writeHead(status, { 'content-length': 0 }).end();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'content-type': type }).end(text);
}

export const refusalBody = ({ status, text }: Refusal): unknown => {
  if (text === undefined) return undefined;
  return status === 404 ? text : { message: text };
};
