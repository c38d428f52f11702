import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** Node 22.8 and newer have it. */
type WithCompileCache = { readonly enableCompileCache?: (folder: string) => unknown };

/**
 * Lets Node keep what it compiled of the modules that are loaded from now on, so that the next start need not compile
 * them again. In the cache folder of this user, not where all users may write, because what lies there is executed.
 * Nothing happens where Node cannot do that, or the folder cannot be written.
 */
export function keepCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  (nodeModule as WithCompileCache).enableCompileCache?.(join(cacheFolder(env), 'compiled-code'));
}
