import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenImage } from '../../domain/golden-image.ts';
import { packageVersion } from '../../package-root.ts';
import { WORK_FILES } from './commands.ts';
import { type InstalledPackage, readDpkgStatus } from './dpkg-status.ts';
import { keepPackages } from './package-cache.ts';
import { contentNamed, type FinishedImage } from './place.ts';
import { debianArchitecture, type Recipe } from './recipe.ts';
import { recipeDigest } from './recipe-files.ts';

export interface BuiltFiles {
  readonly recipe: Recipe;
  /** Absolute path of the folder that the commands worked in. */
  readonly work: string;
  /** Folder of packages that were downloaded. */
  readonly cache: string;
  readonly rcodesign: GoldenImage['rcodesign'];
}

/** What was made, for `image.json`. The cache has the packages of this image then. @throws the signal's reason */
export async function describeFiles(
  { recipe, work, cache, rcodesign }: BuiltFiles,
  signal: AbortSignal,
): Promise<Omit<FinishedImage, 'keepOld'>> {
  const installed = readDpkgStatus(await readFile(join(work, WORK_FILES.packages), 'utf8'));
  const kernel = await readKernel(work, recipe);
  const all = [...installed, kernel.package];
  await keepPackages(join(work, WORK_FILES.archives), cache, all);
  const from = {
    disk: join(work, WORK_FILES.disk),
    kernel: join(work, WORK_FILES.kernel, 'vmlinuz'),
    initrd: join(work, WORK_FILES.initrd),
  };
  const facts: GoldenImage = {
    format: 1,
    driver: 'qemu',
    architecture: recipe.architecture,
    builtAt: new Date().toISOString(),
    builtBy: packageVersion(),
    recipeSha256Hex: await recipeDigest(recipe, rcodesign.sha256Hex),
    suite: recipe.suite,
    kernelRelease: kernel.release,
    rcodesign,
    packages: Object.fromEntries(all.map(({ name, version }) => [name, version])),
    files: {
      disk: await contentNamed(from.disk, 'disk', '.qcow2', signal),
      kernel: await contentNamed(from.kernel, 'vmlinuz', '', signal),
      initrd: await contentNamed(from.initrd, 'initrd', '.gz', signal),
    },
  };
  return { facts, from };
}

interface Kernel {
  /** As `uname -r` says. */
  readonly release: string;
  readonly package: InstalledPackage;
}

async function readKernel(work: string, recipe: Recipe): Promise<Kernel> {
  const read = async (name: string) => (await readFile(join(work, WORK_FILES.kernel, name), 'utf8')).trim();
  const architecture = debianArchitecture[recipe.architecture];
  const [name = '', version = ''] = (await read('package')).split(' ');
  return { release: await read('release'), package: { name, version, architecture } };
}
