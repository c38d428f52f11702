import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

/**
 * A program of ours as JavaScript, for a process of its own. It is looked for from the root of the package, wherever
 * this code runs from: the sources, or a bundle that holds many of them in one file.
 *
 * @param name - path below `src` without an ending, e.g. `cli/perry-ship`; `.config/build.mjs` finds what to build by
 *   the names `main.ts` and `…-main.ts`
 * @returns the absolute path; `undefined` when it has not been built
 */
export function builtProgram(name: string): string | undefined {
  const program = join(packageRoot(), 'dist', 'src', `${name}.js`);
  return existsSync(program) ? program : undefined;
}
