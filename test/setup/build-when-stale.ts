import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const BUILT_FROM = ['src', 'machines', 'visualizations', '.config', 'tsconfig.json', 'package-lock.json'];

const changedAtMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function newestMs(path: string): number {
  const inside = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  return Math.max(changedAtMs(path), ...inside.map((name) => changedAtMs(join(path, name))));
}

/** Many tests start programs from `dist`, which must be what the sources say; to build it takes a few seconds. */
export default function buildWhenStale(): void {
  const builtAtMs = changedAtMs(join(root, 'dist/built'));
  if (BUILT_FROM.every((name) => newestMs(join(root, name)) <= builtAtMs)) return;
  console.error(
    builtAtMs === 0 ? 'dist is not built: building it' : 'dist is older than the sources: building it',
  );
  const { status } = spawnSync(process.execPath, ['.config/build.mjs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('dist could not be built; "npm run build" says why');
}
