import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_FACTS_FILE } from '../../domain/golden-image.ts';
import { vmDrivers } from '../../domain/vm-driver.ts';
import { ShipError } from '../../errors.ts';
import type {
  BuiltImage,
  ImageBuildOptions,
  ImageCallOptions,
  ImageEntry,
  ImageHost,
  ImageMaker,
  ImageWish,
} from '../kinds.ts';
import { buildFiles } from './build.ts';
import { requireTools } from './host-tools.ts';
import { clonesOf } from './in-use.ts';
import { enterBuild, placeImage } from './place.ts';
import { planText } from './plan-text.ts';
import { recipeFor } from './recipe.ts';
import { faultOfFiles, imageNames, readImageFacts } from './store.ts';

/** Golden images for QEMU: a small Debian that has sshd and rcodesign, built without a Mac and without root. */
export function createQemuMaker(host: ImageHost): ImageMaker {
  const { imageDir } = host.config;
  return {
    defaultName: vmDrivers.tart.defaultImage,
    plan: (wish) => planText(recipeFor(wish.suite), host, wish),
    build: (wish, options) => build(host, wish, options),
    list: async (options) => {
      const names = await imageNames(imageDir);
      const entries = await Promise.all(names.map((name) => entryOf(imageDir, name, options)));
      return entries.filter((entry) => entry !== undefined);
    },
    remove: (name) => remove(host, name),
  };
}

async function build(host: ImageHost, wish: ImageWish, options: ImageBuildOptions): Promise<BuiltImage> {
  const { config, env } = host;
  const recipe = recipeFor(wish.suite);
  await requireTools(recipe, env);
  const { work, leave } = await enterBuild(config.imageDir, wish.name);
  try {
    if (!wish.force) await requireAbsent(config.imageDir, wish.name);
    const built = await buildFiles(recipe, work, host, wish, options);
    options.signal.throwIfAborted();
    const folder = join(config.imageDir, wish.name);
    const keepOld = (await clonesOf(folder, config.stateDir)).length > 0;
    await placeImage(folder, { ...built, keepOld }, work);
  } finally {
    await leave();
  }
  const entry = await entryOf(config.imageDir, wish.name, options);
  if (!entry) throw new Error('an image was put in place and is not there');
  return { ...entry, settings: settingsFor(host, wish.name) };
}

/** What is not so by itself. */
const settingsFor = ({ config }: ImageHost, name: string): string[] => [
  ...(config.vmDriver === ('qemu' as string) ? [] : ['PERRY_VM_DRIVER=qemu']),
  ...(name === vmDrivers.tart.defaultImage ? [] : [`PERRY_TART_IMAGE=${name}`]),
];

async function requireAbsent(imageDir: string, name: string): Promise<void> {
  const names = await readdir(join(imageDir, name)).catch(() => undefined);
  if (names === undefined) return;
  throw new ShipError('IMAGE_EXISTS', {
    summary: `There is an image "${name}" already.`,
    reason: `It is the folder "${join(imageDir, name)}".`,
    nextStep: 'Add --force to replace it, or give another name.',
  });
}

async function entryOf(
  imageDir: string,
  name: string,
  { signal }: ImageCallOptions,
): Promise<ImageEntry | undefined> {
  const read = await readImageFacts(imageDir, name);
  if (!read) return undefined;
  const base = { name, driver: 'qemu', sizeBytes: await sizeOf(join(imageDir, name)) } as const;
  if ('fault' in read) return { ...base, facts: {}, fault: read.fault };
  const { builtAt, suite, kernelRelease, rcodesign, architecture } = read.facts;
  const fault = await faultOfFiles(imageDir, name, read.facts, signal);
  const facts = { suite, kernel: kernelRelease, rcodesign: rcodesign.version, architecture };
  return { ...base, builtAt, facts, ...(fault !== undefined && { fault }) };
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function remove({ config }: ImageHost, name: string): Promise<void> {
  const { imageDir, stateDir } = config;
  const folder = join(imageDir, name);
  const { leave } = await enterBuild(imageDir, name);
  try {
    if (!(await readImageFacts(imageDir, name))) throw notThere(name, imageDir);
    const clones = await clonesOf(folder, stateDir);
    if (clones.length > 0) throw inUse(name, clones);
    // without its description it is no image any more, whatever happens to the rest
    await rm(join(folder, IMAGE_FACTS_FILE));
    await rm(folder, { recursive: true });
  } finally {
    await leave();
  }
}

const notThere = (name: string, imageDir: string): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `There is no image "${name}" for QEMU.`,
    reason: `No folder of that name with an ${IMAGE_FACTS_FILE} is in "${imageDir}" (PERRY_IMAGE_DIR).`,
    nextStep: 'Run "perry-ship image list" for those that there are.',
  });

const inUse = (name: string, clones: readonly string[]): ShipError =>
  new ShipError('IMAGE_IN_USE', {
    summary: `The image "${name}" is in use.`,
    reason: `${clones.length === 1 ? 'A machine is' : `${clones.length} machines are`} made from it: ${clones.slice(0, 3).join(', ')}.`,
    nextStep: 'End the daemon with "perry-ship drain", and remove the image then.',
  });
