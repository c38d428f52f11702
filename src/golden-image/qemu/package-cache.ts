import { join } from 'node:path';
import { cacheFolder } from '../../cache-folder.ts';
import type { Recipe } from './recipe.ts';

/** Packages of each release and architecture by themselves: what an image no longer uses is removed there. */
export const packageCache = (env: NodeJS.ProcessEnv, { suite, architecture }: Recipe): string =>
  join(cacheFolder(env), 'image-packages', `${suite}-${architecture}`);
