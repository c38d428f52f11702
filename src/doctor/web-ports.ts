import { once } from 'node:events';
import { createServer } from 'node:net';
import { run } from '../adapters/process/run.ts';
import type { Config } from '../config/load.ts';
import { askDaemon } from '../control/client.ts';
import { plainLine } from '../text.ts';
import { type Check, type Finding, ok, remark } from './check.ts';

const HOLDER_TIMEOUT_MS = 10_000;

/** Of what the daemon serves on this host, where it is asked for. */
export const webPorts = ({ inspectPort, metricsPort, stateDir }: Config): Check[] => [
  ...(inspectPort ? [portCheck('the page', 'PERRY_INSPECT', inspectPort, stateDir)] : []),
  ...(metricsPort && metricsPort !== inspectPort
    ? [portCheck('the metrics', 'PERRY_METRICS', metricsPort, stateDir)]
    : []),
];

const portCheck = (what: string, variable: string, port: number, stateDir: string): Check => ({
  question: `Can ${what} be served?`,
  ask: async (signal): Promise<Finding> => {
    const obstacle = await obstacleAt(port);
    if (obstacle === undefined) return ok(`Port ${port} of 127.0.0.1 is free`);
    const holder = await holderOfPort(port, signal);
    if (await isOfDaemon(stateDir, port, holder)) return ok(`Port ${port} is that of the daemon that runs`);
    const who = holder ? `"${holder.name}", process ${holder.pid}, has it` : `the system says ${obstacle}`;
    return remark(
      `Port ${port} cannot be used: ${who}`,
      `End that program, or set ${variable} to another port; a daemon works without it, and tries again and again.`,
    );
  },
});

/** Where the system does not say who has it, the daemon says whether it misses it. */
async function isOfDaemon(stateDir: string, port: number, holder: Holder | undefined): Promise<boolean> {
  const daemon = await askDaemon(stateDir, { request: 'status' }).catch(() => undefined);
  if (daemon === undefined) return false;
  return holder ? holder.pid === daemon.pid : daemon.closedPorts.every((closed) => closed.port !== port);
}

interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** What the system says when the port is asked for; it is given back at once. */
async function obstacleAt(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no';
  } finally {
    server.close();
  }
}

/** Lines of `lsof -F`: `p4711`, `cnode`. It sees the processes of this user, or all for root; not every Linux has it. */
async function holderOfPort(port: number, signal: AbortSignal): Promise<Holder | undefined> {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'];
  const { stdout } = await run('lsof', args, { signal, timeoutMs: HOLDER_TIMEOUT_MS }).catch(() => {
    signal.throwIfAborted();
    return { stdout: '' };
  });
  const [, pid, name] = /^p(\d{1,9})\nc([^\n]{1,64})/.exec(stdout) ?? [];
  return pid === undefined || name === undefined
    ? undefined
    : { pid: Number(pid), name: plainLine(name, 64) };
}
