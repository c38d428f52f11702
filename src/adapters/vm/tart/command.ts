import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import { contained } from '../../../contained.ts';
import { Head, lineSplitter, Tail } from '../../guest/ssh/collect.ts';
import { type LongLivedProcess, type ProcessEnd, spawnLongLived } from '../../process/long-lived.ts';
import { createReaper } from '../../process/reaper.ts';
import { settlesWithin } from '../patience.ts';
import type { TartDriverOptions } from './options.ts';

/** A host has a handful of machines, each of some 200 bytes in the longest output there is. */
const MAX_STDOUT_BYTES = 1024 * 1024;
const MAX_STDERR_BYTES = 16 * 1024;
/** Homebrew's folders, which a service started by launchd does not have on its PATH. */
const HOMEBREW = ['/opt/homebrew/bin', '/usr/local/bin'];
/** What has inherited the output of a process may hold it open after the process has ended. */
const DRAIN_MS = 1_000;
const INTERRUPT_GRACE_MS = 2_000;

export interface TartResult extends ProcessEnd {
  readonly stdout: string;
  /** The last 16 KiB. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface TartCallOptions {
  readonly signal: AbortSignal;
  /** A command that says nothing for so long is given up; left out, only the signal ends it. */
  readonly deadlineMs?: number;
  readonly stdin?: string;
  /** Each line of stdout as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface TartProcess {
  readonly process: LongLivedProcess;
  /** How it ended, with what it said. Never rejects. */
  readonly ended: Promise<TartResult>;
}

/** The `tart` program, 2.32.1. Its stderr may have a remark about garbage collection though all is well. */
export interface Tart {
  /** Runs one command to its end, whatever the exit code; rejects with the signal's reason when aborted. */
  call(args: readonly string[], options: TartCallOptions): Promise<TartResult>;
  /** Starts a command in a session of its own, so that a Ctrl-C for the daemon does not power off its machines. */
  start(args: readonly string[]): TartProcess;
}

export function tartCommand({
  binary,
  home,
  path = defaultPath(),
}: Pick<TartDriverOptions, 'binary' | 'home' | 'path'>): Tart {
  const env = environment(home, path);
  // A clone that goes on after us would make a machine that nobody knows of.
  const reaper = createReaper();
  const start = (args: readonly string[]): TartProcess => {
    const child = spawnLongLived(binary, args, { env });
    reaper.watch(child);
    return { process: child, ended: collect(child) };
  };
  return {
    start,
    call: async (args, { signal, deadlineMs, stdin = '', onLine }) => {
      signal.throwIfAborted();
      const { process: child, ended } = start(args);
      if (onLine) child.stdout.on('data', lineSplitter(contained(onLine, () => {})).add);
      child.stdin.end(stdin);
      const timedOut = await interruptible(child, signal, deadlineMs);
      const result = await ended;
      signal.throwIfAborted();
      return { ...result, timedOut };
    },
  };
}

export const defaultPath = (): string => [process.env.PATH ?? '/usr/bin:/bin', ...HOMEBREW].join(delimiter);

/** Plain lines instead of cursor movements, no images deleted behind our back, and none of the daemon's settings. */
function environment(home: string | undefined, path: string): Record<string, string> {
  const kept = ['HOME', 'TMPDIR', 'LANG', 'USER', 'LOGNAME'];
  const given = Object.entries(process.env).filter(
    ([name]) => kept.includes(name) || (name.startsWith('TART_') && !name.startsWith('TART_REGISTRY_')),
  );
  return {
    ...(Object.fromEntries(given) as Record<string, string>),
    PATH: path,
    CI: '1',
    TART_NO_AUTO_PRUNE: '1',
    ...(home !== undefined && { TART_HOME: home }),
  };
}

/** Both outputs are read to their end, so that a flood neither blocks the process nor fills our memory. */
async function collect(child: LongLivedProcess): Promise<TartResult> {
  const [head, tail] = [new Head(MAX_STDOUT_BYTES), new Tail(MAX_STDERR_BYTES)];
  child.stdout.on('data', (chunk: Buffer) => head.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  const end = await child.exited;
  child.signalGroup('SIGKILL');
  if (!(await settlesWithin(child.closed, DRAIN_MS))) letGo(child.stdout, child.stderr);
  return { ...end, stdout: head.toString(), stderr: tail.toString(), timedOut: false };
}

function letGo(...streams: readonly Readable[]): void {
  for (const stream of streams) stream.destroy();
}

/** Waits for the end of a process, and ends it itself at the first of abort and deadline; says whether that was late. */
async function interruptible(
  child: LongLivedProcess,
  signal: AbortSignal,
  deadlineMs: number | undefined,
): Promise<boolean> {
  const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs);
  const given = deadline ? AbortSignal.any([signal, deadline]) : signal;
  const interrupt = () => void powerOff(child, INTERRUPT_GRACE_MS);
  given.addEventListener('abort', interrupt, { once: true });
  await child.exited;
  given.removeEventListener('abort', interrupt);
  return deadline?.aborted === true;
}

/**
 * Ends `tart` the way that lets it tidy up. A SIGINT that comes before its handler is installed is swallowed, so there
 * is a second one; then SIGKILL, which takes a machine along as well.
 */
export async function powerOff(child: LongLivedProcess, graceMs: number): Promise<void> {
  child.signalGroup('SIGINT');
  if (await settlesWithin(child.exited, graceMs / 4)) return;
  child.signalGroup('SIGINT');
  if (await settlesWithin(child.exited, (graceMs * 3) / 4)) return;
  child.signalGroup('SIGKILL');
  await child.exited;
}
