import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { run } from '../process/run.ts';
import { versionLine } from './release.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program said about its version: `usable` is the one that the worker is written for. */
export interface Probe {
  readonly usable: boolean;
  /** First line of its answer, or why there is none. */
  readonly answer: string;
}

/** A program that hangs on `--version` is not the one we look for. */
const VERSION_TIMEOUT_MS = 10_000;

/** Runs `<path> --version` and compares the answer, e.g. `apple-codesign 0.29.0`. */
export async function probe(path: string, signal: AbortSignal): Promise<Probe> {
  try {
    const result = await run(path, ['--version'], { signal, timeoutMs: VERSION_TIMEOUT_MS });
    const answer = firstLine(result.stdout) || firstLine(result.stderr);
    const usable = result.exitCode === 0 && answer === versionLine;
    return { usable, answer: answer || `no answer, exit code ${result.exitCode ?? 'unknown'}` };
  } catch (thrown) {
    signal.throwIfAborted();
    return { usable: false, answer: thrown instanceof Error ? firstLine(thrown.message) : 'cannot be run' };
  }
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';

/** The first executable file of that name in the folders of PATH. */
export async function findOnPath(name: string, env: Environment): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, name);
    if (isAbsolute(folder) && (await isExecutableFile(candidate))) return candidate;
  }
  return undefined;
}

export const isExecutableFile = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
};
