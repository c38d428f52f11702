import { userInfo } from 'node:os';
import type { ImageHost, ImageWish } from '../kinds.ts';
import { requireNamespaces } from './host-rights.ts';
import { requireTools } from './host-tools.ts';
import { requireFreeName, requireImageFolder } from './image-folder.ts';
import { type BuildFolder, enterBuild } from './place.ts';
import type { Recipe } from './recipe.ts';

interface Survey extends ImageHost {
  readonly recipe: Recipe;
  readonly wish: ImageWish;
}

/**
 * Finds what would go wrong for certain, and takes the folder that the build works in.
 *
 * @throws ShipError IMAGE_TOOLS_MISSING · IMAGE_BUILD_FAILED · CONFIG_INVALID · DISK_FULL · IMAGE_EXISTS ·
 *   IMAGE_NOT_OURS · IMAGE_IN_USE
 */
export async function surveyHost(
  { config: { imageDir }, env, recipe, wish: { name, force } }: Survey,
  signal: AbortSignal,
): Promise<BuildFolder> {
  await requireTools(recipe, env);
  await requireNamespaces(userInfo().username, signal);
  await requireImageFolder(imageDir);
  signal.throwIfAborted();
  const folder = await enterBuild(imageDir, name);
  try {
    signal.throwIfAborted();
    await requireFreeName(imageDir, name, force);
    return folder;
  } catch (error) {
    await folder.leave();
    throw error;
  }
}
