import { readdir, stat } from 'node:fs/promises';
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
import { buildQemuImage, type QemuBuildLimits } from './build.ts';
import { clonesOf } from './in-use.ts';
import { enterBuild, removeImage } from './place.ts';
import { planText } from './plan-text.ts';
import { recipeFor } from './recipe.ts';
import { faultOfFiles, imageNames, readImageFacts } from './store.ts';
import { requireSoundWish } from './wish.ts';

/** Golden images for QEMU: a small Debian that has sshd and rcodesign, built without a Mac and without root. @param limits - for tests */
export function createQemuMaker(host: ImageHost, limits: QemuBuildLimits = {}): ImageMaker {
  const { imageDir } = host.config;
  return {
    defaultName: vmDrivers.tart.defaultImage,
    plan: async (wish) => {
      requireSoundWish(wish);
      return planText(recipeFor(wish.suite), host, wish);
    },
    build: (wish, options) => build(host, wish, { ...options, limits }),
    list: async (options) => {
      const names = await imageNames(imageDir);
      const entries = await Promise.all(names.map((name) => entryOf(imageDir, name, options)));
      return entries.filter((entry) => entry !== undefined);
    },
    remove: (name) => remove(host, name),
  };
}

async function build(
  host: ImageHost,
  wish: ImageWish,
  options: ImageBuildOptions & { readonly limits?: QemuBuildLimits },
): Promise<BuiltImage> {
  requireSoundWish(wish);
  await buildQemuImage(recipeFor(wish.suite), host, wish, options);
  const entry = await entryOf(host.config.imageDir, wish.name, options);
  if (!entry) throw new Error('an image was put in place and is not there');
  return { ...entry, settings: settingsFor(host, wish.name) };
}

/** What is not so by itself. */
const settingsFor = ({ config }: ImageHost, name: string): string[] => [
  ...(config.vmDriver === ('qemu' as string) ? [] : ['PERRY_VM_DRIVER=qemu']),
  ...(name === vmDrivers.tart.defaultImage ? [] : [`PERRY_TART_IMAGE=${name}`]),
];

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
    // a link to nowhere has no size
    (await readdir(folder)).map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function remove({ config }: ImageHost, name: string): Promise<void> {
  const { imageDir, stateDir } = config;
  const folder = join(imageDir, name);
  const read = await readImageFacts(imageDir, name);
  if (!read) throw notThere(name, imageDir);
  const { leave } = await enterBuild(imageDir, name);
  try {
    const clones = await clonesOf(folder, stateDir);
    if (clones.length > 0) throw inUse(name, clones);
    await removeImage(folder, 'facts' in read ? read.facts.files : {});
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
