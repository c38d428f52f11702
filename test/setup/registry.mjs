/** What the programs share that fetch files from package registries for the tests: where they go, and how tools run. */
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const say = (line) => process.stdout.write(`setup: ${line}\n`);

const cacheRoot =
  process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches')
    : (process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'));

export const cacheFolder = (name) => join(cacheRoot, 'perry-ship', name);

/** Answers with what went wrong, or nothing. */
export function run(file, args) {
  const { status, error, stderr } = spawnSync(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status === 0) return undefined;
  return `${file} ${args[0]}: ${error?.message ?? stderr?.trim().split('\n').at(-1) ?? `exit code ${status}`}`;
}
