import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let known: string | undefined;

/**
 * The folder that holds our package.json, wherever this code runs from: the sources, `dist/`, or a package
 * installed by npm. Files that are shipped beside the code are found from here.
 */
export function packageRoot(): string {
  known ??= findRoot(dirname(fileURLToPath(import.meta.url)));
  return known;
}

/** As package.json says. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

function findRoot(folder: string): string {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'perry-ship') return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json of perry-ship lies above the code');
  return findRoot(parent);
}
