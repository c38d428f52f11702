import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Many tests start programs from `dist`, which must be what the sources say; to build it takes a few seconds. */
export default function buildWhenStale(): void {
  const cwd = join(import.meta.dirname, '../..');
  const command = ['.config/build.mjs', '--when-stale'];
  const { status } = spawnSync(process.execPath, command, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error('dist could not be built; "npm run build" says why');
}
