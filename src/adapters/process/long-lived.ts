import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { type Duplex, Readable, type Writable } from 'node:stream';
import { rememberLiving } from './living.ts';
import { endAt, notStarted, type ProcessEnd, signalGroup } from './process-end.ts';

export interface LongLivedOptions {
  readonly cwd?: string;
  /** The whole environment of the process; never a secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Grace between SIGTERM and SIGKILL in `stop`. */
  readonly stopGraceMs?: number;
  /** Left out, stdout is a pipe that the caller must read; `inherit` shares ours. */
  readonly output?: 'pipe' | 'inherit';
  /** Gives it a pipe for both directions as descriptor 3; our end is `extraPipe`. */
  readonly hasExtraPipe?: true;
}

export type { ProcessEnd };

/** A process that lives until it is told otherwise, leader of a process group (and session) of its own. */
export interface LongLivedProcess {
  readonly pid: number;
  /** Stays open until it is ended here or this daemon dies, even by SIGKILL: the process can watch it. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly extraPipe?: Duplex;
  /** The process itself has ended. Never rejects. */
  readonly exited: Promise<ProcessEnd>;
  /** It has ended, and so has everything that inherited its output. Never rejects. */
  readonly closed: Promise<ProcessEnd>;
  /** SIGTERM, then SIGKILL after the grace. */
  stop(): void;
  /** SIGKILL to the process alone. */
  kill(): void;
  /** A signal to the whole group; one that is gone is no error. */
  signalGroup(signal: NodeJS.Signals): void;
}

const DEFAULT_STOP_GRACE_MS = 5_000;

/**
 * Starts a process that outlives the call. Its output must be taken in the same turn of the event loop, or it
 * flows away. Not by execa: a local guest, which needs this and little else, would boot half as fast.
 *
 * @throws ShipError COMMAND_NOT_FOUND when the program cannot be started
 */
export function spawnLongLived(
  file: string,
  args: readonly string[],
  { cwd, env, stopGraceMs = DEFAULT_STOP_GRACE_MS, output = 'pipe', hasExtraPipe }: LongLivedOptions,
): LongLivedProcess {
  const stdio: StdioOptions = ['pipe', output, output, ...(hasExtraPipe ? (['pipe'] as const) : [])];
  const child = spawn(file, args, { cwd, env, stdio, detached: true });
  // Said a moment after a start that failed, which has no pid.
  child.on('error', () => {});
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) throw notStarted(file);
  // A process that ends before it has read everything is its own affair.
  stdin.on('error', () => {});
  const extraPipe = child.stdio[3] as Duplex | null | undefined;
  extraPipe?.on('error', () => {});
  const exited = endAt(child, 'exit');
  return rememberLiving({
    pid,
    stdin,
    stdout: child.stdout ?? Readable.from([]),
    stderr: child.stderr ?? Readable.from([]),
    ...(extraPipe && { extraPipe }),
    exited,
    closed: endAt(child, 'close'),
    stop: () => stopGently(child, stopGraceMs, exited),
    kill: () => void child.kill('SIGKILL'),
    signalGroup: (signal) => signalGroup(pid, signal),
  });
}

function stopGently(child: ChildProcess, graceMs: number, exited: Promise<ProcessEnd>): void {
  const kill = () => void child.kill('SIGKILL');
  const grace = AbortSignal.timeout(graceMs);
  grace.addEventListener('abort', kill, { once: true });
  void exited.then(() => grace.removeEventListener('abort', kill));
  child.kill('SIGTERM');
}
