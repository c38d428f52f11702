import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuImageBuildEffects } from '../../actors/qemu-image-build.ts';
import { locateRcodesign } from '../../adapters/rcodesign/locate.ts';
import type { GoldenImage } from '../../domain/golden-image.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import type { ImageHost, ImageWish } from '../kinds.ts';
import { type BuildCommand, diskCommands, installCommand, WORK_FILES } from './commands.ts';
import { confined, makeScratch } from './confine.ts';
import { describeFiles } from './describe.ts';
import { clonesOf } from './in-use.ts';
import { makeInitrd } from './initrd.ts';
import { packageCache, takePackages } from './package-cache.ts';
import { type BuildFolder, type FinishedImage, placeImage } from './place.ts';
import type { Recipe } from './recipe.ts';
import { guestFolder, readHooks } from './recipe-files.ts';
import { runTool } from './run-tool.ts';
import { surveyHost } from './survey.ts';

export interface BuildScope extends ImageHost {
  readonly recipe: Recipe;
  readonly wish: ImageWish;
  readonly onProgress: (line: string) => void;
}

/** What one step leaves for the next ones. */
interface Made {
  folder?: BuildFolder;
  rcodesign?: GoldenImage['rcodesign'] & { readonly path: string };
  image?: Omit<FinishedImage, 'keepOld'>;
}

/** The chart has the order. */
function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of the build began before the one that it needs');
  return value;
}

/** What one build does with this host. */
export function effectsOf(scope: BuildScope): QemuImageBuildEffects {
  const { config, env, recipe, wish, onProgress } = scope;
  const made: Made = {};
  const work = () => given(made.folder).work;
  const cache = packageCache(env, recipe);
  const use = (command: BuildCommand, signal: AbortSignal) =>
    runTool(command, { signal, onLine: (line) => tellLine(line, onProgress) });
  const makeDisk = async (signal: AbortSignal, isCompression: boolean) => {
    for (const command of diskCommands(work()))
      if ((command.file === 'qemu-img') === isCompression) await use(command, signal);
  };
  return {
    surveyHost: async (signal) => {
      made.folder = await surveyHost(scope, signal);
    },
    obtainRcodesign: async (signal) => {
      const { path, version } = await locateRcodesign({ env, signal, onProgress });
      made.rcodesign = { path, version, sha256Hex: (await digestOfFile(path, signal)).sha256Hex };
    },
    installDebian: async (signal) => {
      const packages = join(work(), WORK_FILES.archives);
      await takePackages(cache, packages);
      const rcodesign = given(made.rcodesign).path;
      const places = { work: work(), guest: guestFolder(), packages, rcodesign };
      const command = installCommand({ recipe, places, hooks: await readHooks(), mirror: wish.mirror });
      await use(await confined(command, await makeScratch(work()), signal), signal);
    },
    makeDisk: (signal) => makeDisk(signal, false),
    compressDisk: (signal) => makeDisk(signal, true),
    packInitrd: async () =>
      writeFile(join(work(), WORK_FILES.initrd), await makeInitrd(work(), guestFolder())),
    describeImage: async (signal) => {
      const { version, sha256Hex } = given(made.rcodesign);
      const rcodesign = { version, sha256Hex };
      made.image = await describeFiles({ recipe, work: work(), cache, rcodesign }, signal);
    },
    placeImage: async (signal) => {
      const folder = join(config.imageDir, wish.name);
      const keepOld = (await clonesOf(folder, config.stateDir)).length > 0;
      await placeImage(folder, { ...given(made.image), keepOld }, work(), signal);
    },
    clearAway: async () => made.folder?.leave(),
  };
}

/** The lines of mmdebstrap, and of our hooks, that tell how far it is. */
const TOLD = /^I: ((?:running apt|downloading|extracting|installing|taking|creating|automatically)\b.*)/;

function tellLine(line: string, onProgress: (line: string) => void): void {
  const told = TOLD.exec(line)?.[1];
  if (told !== undefined) onProgress(`  ${told}`);
}
