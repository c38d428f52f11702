import type { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { execa } from 'execa';
import { ShipError } from '../../errors.ts';

export interface LongLivedOptions {
  readonly cwd?: string;
  /** The whole environment of the process; never a secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Grace between SIGTERM and SIGKILL in `stop`. */
  readonly stopGraceMs?: number;
  /** Left out, stdout is a pipe that the caller must read; `inherit` shares ours. */
  readonly output?: 'pipe' | 'inherit';
}

export interface ProcessEnd {
  /** `null` when it ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that lives until it is told otherwise, leader of a process group (and session) of its own. */
export interface LongLivedProcess {
  readonly pid: number;
  /** Stays open until it is ended here or this daemon dies, even by SIGKILL: the process can watch it. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
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
 * flows away.
 *
 * @throws ShipError COMMAND_NOT_FOUND when the program cannot be started
 */
export function spawnLongLived(
  file: string,
  args: readonly string[],
  { cwd, env, stopGraceMs = DEFAULT_STOP_GRACE_MS, output = 'pipe' }: LongLivedOptions,
): LongLivedProcess {
  const child = execa(file, args, {
    env,
    extendEnv: false,
    stdout: output,
    stderr: output,
    buffer: false,
    reject: false,
    detached: true,
    forceKillAfterDelay: stopGraceMs,
    ...(cwd !== undefined && { cwd }),
  });
  const { pid } = child;
  if (pid === undefined) throw notStarted(file);
  // A process that ends before it has read everything is its own affair.
  child.stdin.on('error', () => {});
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout ?? Readable.from([]),
    stderr: child.stderr ?? Readable.from([]),
    exited: endAt(child, 'exit'),
    closed: endAt(child, 'close'),
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
    signalGroup: (signal) => signalGroup(pid, signal),
  };
}

const endAt = (child: EventEmitter, event: 'exit' | 'close'): Promise<ProcessEnd> =>
  new Promise((resolve) =>
    child.once(event, (exitCode: number | null, signal: NodeJS.Signals | null) =>
      resolve({ exitCode, signal }),
    ),
  );

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM: macOS answers so for a group of which only zombies are left.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const notStarted = (file: string): ShipError =>
  new ShipError('COMMAND_NOT_FOUND', {
    summary: `The program "${basename(file)}" could not be started.`,
    reason: 'It is not installed, or may not be executed by this user.',
    nextStep: `Install it, and check with "command -v ${basename(file)}".`,
    detail: { file },
  });
