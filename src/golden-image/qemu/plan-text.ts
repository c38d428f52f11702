import { join } from 'node:path';
import { shellWord } from '../../text.ts';
import type { ImageHost, ImageWish } from '../kinds.ts';
import { type BuildCommand, buildCommands, WORK_FILES } from './commands.ts';
import { packageCache } from './package-cache.ts';
import type { Recipe } from './recipe.ts';
import { guestFolder, readHooks } from './recipe-files.ts';

/** Every command of a build as one types it into a shell, with comments for what is no command. */
export async function planText(
  recipe: Recipe,
  { config, env }: ImageHost,
  { name, mirror }: ImageWish,
): Promise<string[]> {
  const work = join(config.imageDir, '.builds', name, 'work');
  const cache = packageCache(env, recipe);
  const rcodesign = env.PERRY_RCODESIGN || 'rcodesign';
  const places = { work, guest: guestFolder(), packages: join(work, WORK_FILES.archives), rcodesign };
  const commands = buildCommands({ recipe, places, hooks: await readHooks(), mirror });
  return [
    `mkdir -p ${shellWord(places.packages)} ${shellWord(cache)}`,
    `cp -r ${shellWord(cache)}/. ${shellWord(places.packages)}`,
    ...commands.map(commandText),
    `# ${work}/initrd.gz is written: busybox and the modules of the kernel (cpio newc, gzip)`,
    `# the disk, the kernel, initrd.gz and image.json go to ${join(config.imageDir, name)}, packages to ${cache}`,
    `rm -r ${shellWord(work)}`,
  ];
}

const commandText = ({ file, args, env }: BuildCommand): string =>
  [...Object.entries(env).map(([name, value]) => `${name}=${value}`), file, ...args.map(shellWord)].join(' ');
