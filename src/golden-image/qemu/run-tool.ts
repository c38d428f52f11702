import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { baseEnvironment } from '../../adapters/process/environment.ts';
import { spawnLongLived } from '../../adapters/process/long-lived.ts';
import { ShipError } from '../../errors.ts';
import type { BuildCommand } from './commands.ts';

/** mmdebstrap removes the root folder that it has made, hundreds of megabytes, before it ends. */
const STOP_GRACE_MS = 60_000;
const KEPT_LINES = 12;
const KEPT_CHARACTERS = 400;
/** How the archive of packages is reached; e2fsck and its kin are not on the PATH of ordinary users. */
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
const SYSTEM_PROGRAMS = '/usr/local/sbin:/usr/sbin:/sbin';

export interface RunToolOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Where programs are looked for. */
export const toolPath = (env: NodeJS.ProcessEnv): string => `${env.PATH ?? ''}:${SYSTEM_PROGRAMS}`;

/**
 * Runs one program to its end, however long it takes.
 *
 * @throws ShipError IMAGE_BUILD_FAILED with the last lines of what it said · COMMAND_NOT_FOUND · the signal's reason, when
 *   the program has ended and removed what it had made
 */
export async function runTool(command: BuildCommand, { signal, onLine }: RunToolOptions): Promise<void> {
  signal.throwIfAborted();
  const base = baseEnvironment(PROXIES);
  const env = { ...base, ...command.env, PATH: toolPath(process.env), LC_ALL: 'C.UTF-8' };
  const child = spawnLongLived(command.file, command.args, { env, stopGraceMs: STOP_GRACE_MS });
  const stop = () => child.stop();
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.end();
  const said: string[] = [];
  const hear = (line: string) => {
    said.push(line.slice(0, KEPT_CHARACTERS));
    if (said.length > KEPT_LINES) said.shift();
    onLine(line);
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

function toolFailed({ file, purpose }: BuildCommand, exitCode: number | null, said: readonly string[]) {
  const last = said.filter((line) => /^(E|error)\b/i.test(line)).at(0) ?? said.at(-1) ?? 'nothing';
  return new ShipError('IMAGE_BUILD_FAILED', {
    summary: `The image was not built: ${purpose} failed.`,
    reason: `${file} ended with ${exitCode ?? 'a signal'} and said: ${last}.`,
    nextStep:
      'Correct what it names: the archive of packages must be reached, and the disk must have 2 GB free; then build again.',
    detail: { said },
  });
}
