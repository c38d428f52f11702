import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateRcodesign } from '../../adapters/rcodesign/locate.ts';
import { cacheFolder } from '../../cache-folder.ts';
import { withDeadline } from '../../deadline.ts';
import type { GoldenImage } from '../../domain/golden-image.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { packageVersion } from '../../package-root.ts';
import type { ImageBuildOptions, ImageHost, ImageWish } from '../kinds.ts';
import { buildCommands, WORK_FILES } from './commands.ts';
import { debFileName, type InstalledPackage, readDpkgStatus } from './dpkg-status.ts';
import { makeInitrd } from './initrd.ts';
import { contentNamed, type FinishedImage } from './place.ts';
import { debianArchitecture, type Recipe } from './recipe.ts';
import { guestFolder, readHooks, recipeDigest } from './recipe-files.ts';
import { runTool } from './run-tool.ts';

/** A slow connection brings 60 MB in that time, several times over. */
const BUILD_TIMEOUT_MS = 60 * 60 * 1_000;

/** Packages of each release and architecture by themselves: what an image no longer uses is removed there. */
export const packageCache = (env: NodeJS.ProcessEnv, { suite, architecture }: Recipe): string =>
  join(cacheFolder(env), 'image-packages', `${suite}-${architecture}`);

/**
 * Makes the files of an image in the work folder, and says what they are.
 *
 * @throws ShipError IMAGE_BUILD_FAILED · RCODESIGN_MISSING · the signal's reason
 */
export async function buildFiles(
  recipe: Recipe,
  work: string,
  { env }: ImageHost,
  { mirror }: ImageWish,
  { signal: stopped, onProgress }: ImageBuildOptions,
): Promise<Omit<FinishedImage, 'keepOld'>> {
  const signal = withDeadline(stopped, BUILD_TIMEOUT_MS);
  const tool = await locateRcodesign({ env, signal, onProgress });
  const rcodesign = { version: tool.version, sha256Hex: (await digestOfFile(tool.path, signal)).sha256Hex };
  const packages = packageCache(env, recipe);
  await makeFolder(packages);
  const places = { work, guest: guestFolder(), packages, rcodesign: tool.path };
  for (const command of buildCommands({ recipe, places, hooks: await readHooks(), mirror })) {
    onProgress(`${command.purpose} (${command.file})`);
    await runTool(command, { signal, onLine: (line) => tellLine(line, onProgress) });
  }
  onProgress('writing the initial file system');
  await writeFile(join(work, INITRD), await makeInitrd(work, places.guest));
  const installed = readDpkgStatus(await readFile(join(work, WORK_FILES.packages), 'utf8'));
  const kernel = await readKernel(work, recipe);
  await removeUnused(packages, [...installed, kernel.package]);
  return describe({ recipe, work, rcodesign, installed, kernel, signal });
}

const INITRD = 'initrd.gz';

/** The lines of mmdebstrap, and of our hooks, that tell how far it is. */
const TOLD = /^I: ((?:running apt|downloading|extracting|installing|taking|creating|automatically)\b.*)/;

function tellLine(line: string, onProgress: (line: string) => void): void {
  const told = TOLD.exec(line)?.[1];
  if (told !== undefined) onProgress(`  ${told}`);
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

interface BuiltFiles {
  readonly recipe: Recipe;
  readonly work: string;
  readonly rcodesign: GoldenImage['rcodesign'];
  readonly installed: readonly InstalledPackage[];
  readonly kernel: Kernel;
  readonly signal: AbortSignal;
}

async function describe({ recipe, work, rcodesign, installed, kernel, signal }: BuiltFiles) {
  const from = {
    disk: join(work, WORK_FILES.disk),
    kernel: join(work, WORK_FILES.kernel, 'vmlinuz'),
    initrd: join(work, INITRD),
  };
  const packages = [...installed, kernel.package].map(({ name, version }) => [name, version]);
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
    packages: Object.fromEntries(packages),
    files: {
      disk: await contentNamed(from.disk, 'disk', '.qcow2', signal),
      kernel: await contentNamed(from.kernel, 'vmlinuz', '', signal),
      initrd: await contentNamed(from.initrd, 'initrd', '.gz', signal),
    },
  };
  return { facts, from };
}
