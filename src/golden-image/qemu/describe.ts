import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenImage } from '../../domain/golden-image.ts';
import { packageVersion } from '../../package-root.ts';
import { WORK_FILES } from './commands.ts';
import { debFileName, type InstalledPackage, readDpkgStatus } from './dpkg-status.ts';
import { contentNamed, type FinishedImage } from './place.ts';
import { debianArchitecture, type Recipe } from './recipe.ts';
import { recipeDigest } from './recipe-files.ts';

export interface BuiltFiles {
  readonly recipe: Recipe;
  /** Absolute path of the folder that the commands worked in. */
  readonly work: string;
  /** Folder of downloaded packages. */
  readonly packages: string;
  readonly rcodesign: GoldenImage['rcodesign'];
}

/** What was made, for `image.json`. Packages that no image needs any more are removed. @throws the signal's reason */
export async function describeFiles(
  { recipe, work, packages, rcodesign }: BuiltFiles,
  signal: AbortSignal,
): Promise<Omit<FinishedImage, 'keepOld'>> {
  const installed = readDpkgStatus(await readFile(join(work, WORK_FILES.packages), 'utf8'));
  const kernel = await readKernel(work, recipe);
  const all = [...installed, kernel.package];
  await removeUnused(packages, all);
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

/** Older versions would be copied into each new image and out again. */
async function removeUnused(cache: string, used: readonly InstalledPackage[]): Promise<void> {
  const wanted = new Set(used.map(debFileName));
  const unused = (await readdir(cache)).filter((name) => name.endsWith('.deb') && !wanted.has(name));
  await Promise.all(unused.map((name) => rm(join(cache, name), { force: true })));
}
