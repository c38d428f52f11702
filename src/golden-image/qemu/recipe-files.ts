import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../package-root.ts';
import { buildCommands, type HookScripts } from './commands.ts';
import { guestFiles, INITRD_INIT, type Recipe } from './recipe.ts';

/** Shipped beside the code. */
export const guestFolder = (): string => join(packageRoot(), 'src/golden-image/qemu/guest');
const hooksFolder = (): string => join(packageRoot(), 'src/golden-image/qemu/hooks');

export async function readHooks(): Promise<HookScripts> {
  const [kernel, finish] = await Promise.all(
    ['kernel.sh', 'finish.sh'].map((name) => readFile(join(hooksFolder(), name), 'utf8')),
  );
  if (kernel === undefined || finish === undefined) throw new Error('two files were read');
  return { kernel, finish };
}

/** Stand for folders and files whose place does not matter. */
const PLACES = { work: 'WORK', guest: 'GUEST', packages: 'PACKAGES', rcodesign: 'RCODESIGN' } as const;

/** Digest of all that decides what an image becomes, the versions of Debian's packages apart. */
export async function recipeDigest(recipe: Recipe, rcodesignSha256Hex: string): Promise<string> {
  const hash = createHash('sha256');
  const commands = buildCommands({ recipe, places: PLACES, hooks: await readHooks() });
  hash.update(JSON.stringify({ recipe, commands, rcodesignSha256Hex }));
  for (const name of [...guestFiles.map(([file]) => file), INITRD_INIT])
    hash.update(`\0${name}\0`).update(await readFile(join(guestFolder(), name)));
  return hash.digest('hex');
}
