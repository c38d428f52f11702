import { execa } from 'execa';
import { ShipError } from '../../errors.ts';
import { baseEnvironment } from './environment.ts';

/** Grace between SIGTERM and SIGKILL, so that a tool can remove its temporary files. */
const KILL_GRACE_MS = 2_000;
/** What is kept of each output stream; tools that flood do not grow our memory. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** Added to the small base environment (PATH, HOME, TMPDIR, LANG); never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whole run; ends with `timedOut: true`. */
  readonly timeoutMs?: number;
  /** Written to stdin, which is closed in any case. */
  readonly input?: string | Uint8Array;
  readonly onStderrLine?: (line: string) => void;
}

export interface RunResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/**
 * Runs one program to its end: no shell, a scrubbed environment, stdin closed, its whole output collected.
 * A non-zero exit code is a result, not an error: the caller knows what its tool means by it.
 *
 * @throws ShipError COMMAND_NOT_FOUND when the program does not exist · the signal's reason when aborted
 */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const subprocess = execa(file, args, {
    env: { ...baseEnvironment(), ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: true,
    maxBuffer: MAX_OUTPUT_BYTES,
    forceKillAfterDelay: KILL_GRACE_MS,
    ...(options.cwd && { cwd: options.cwd }),
    ...(options.signal && { cancelSignal: options.signal }),
    ...(options.timeoutMs && { timeout: options.timeoutMs }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.onStderrLine && { stderr: ['pipe' as const, lines(options.onStderrLine)] }),
  });
  const result = await subprocess;
  if (result.isCanceled) throw options.signal?.reason ?? result;
  if (result.failed && result.code === 'ENOENT') throw commandNotFound(file, result);
  return {
    exitCode: result.exitCode,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
    timedOut: result.timedOut,
    durationMs: result.durationMs,
  };
}

const lines = (onLine: (line: string) => void) =>
  function* (line: unknown) {
    onLine(String(line));
    yield line as string;
  };

const commandNotFound = (file: string, cause: unknown): ShipError =>
  new ShipError('COMMAND_NOT_FOUND', {
    summary: `The program "${file}" could not be started.`,
    reason: 'It is not installed, or not on the PATH of this process.',
    nextStep: `Install it, or give its absolute path, and check with "command -v ${file}".`,
    cause,
  });
