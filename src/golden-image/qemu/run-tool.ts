import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { baseEnvironment } from '../../adapters/process/environment.ts';
import { spawnLongLived } from '../../adapters/process/long-lived.ts';
import { createReaper } from '../../adapters/process/reaper.ts';
import type { BuildCommand } from './commands.ts';
import { toolFailed } from './tool-failures.ts';

const KEPT_LINES = 12;
const KEPT_CHARACTERS = 400;
/** How the archive of packages is reached; e2fsck and its kin are not on the PATH of ordinary users. */
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
const SYSTEM_PROGRAMS = '/usr/local/sbin:/usr/sbin:/sbin';

export interface RunToolOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** What was started ends with us, however we end. */
const reaper = createReaper();

/** Where programs are looked for. */
export const toolPath = (env: NodeJS.ProcessEnv): string => `${env.PATH ?? ''}:${SYSTEM_PROGRAMS}`;

/**
 * Runs one program to its end, however long it takes. When aborted it is killed with all that it has started: mmdebstrap
 * hears no other signal while it installs. What it had made is the caller's to remove.
 *
 * @throws ShipError IMAGE_BUILD_FAILED with the last lines of what it said · DISK_FULL · COMMAND_NOT_FOUND · the signal's
 *   reason, when the program has ended
 */
export async function runTool(command: BuildCommand, { signal, onLine }: RunToolOptions): Promise<void> {
  signal.throwIfAborted();
  const base = baseEnvironment(PROXIES);
  const env = { ...base, ...command.env, PATH: toolPath(process.env), LC_ALL: 'C.UTF-8' };
  const child = spawnLongLived(command.file, command.args, { env });
  reaper.watch(child);
  const stop = () => child.signalGroup('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.end();
  const said: string[] = [];
  const hear = (line: string) => {
    const plain = line.slice(0, KEPT_CHARACTERS).replaceAll(/\p{C}/gu, '');
    said.push(plain);
    if (said.length > KEPT_LINES) said.shift();
    onLine(plain);
  };
  await Promise.all([eachLine(child.stdout, hear), eachLine(child.stderr, hear)]);
  const { exitCode } = await child.closed;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (!command.goodExitCodes.includes(exitCode ?? -1)) throw toolFailed(command, exitCode, said);
}

async function eachLine(stream: Readable, hear: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) if (line.trim() !== '') hear(line);
}
