import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockStateDir } from '../../control/state-lock.ts';
import { type GoldenImage, IMAGE_FACTS_FILE } from '../../domain/golden-image.ts';
import { ShipError } from '../../errors.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { removeWork } from './confine.ts';
import { folderUnfit, OWN_FILE } from './image-folder.ts';

/** Hidden beside the images, on the same disk: one folder for each name that was ever built, with the lock of its build. */
const BUILDS = '.builds';

export interface BuildFolder {
  /** Empty. */
  readonly work: string;
  /** Removes what is in it, and lets others build. */
  leave(): Promise<void>;
}

/** @throws ShipError IMAGE_IN_USE while another process builds or removes an image of that name · CONFIG_INVALID */
export async function enterBuild(imageDir: string, name: string): Promise<BuildFolder> {
  const folder = join(imageDir, BUILDS, name);
  const lock = await lockStateDir(folder).catch((cause: unknown) => {
    throw cause instanceof ShipError && cause.code === 'DAEMON_ALREADY_RUNNING'
      ? beingBuilt(name, cause)
      : folderUnfit(imageDir, cause);
  });
  const work = join(folder, 'work');
  try {
    // what a killed build has left
    await removeWork(work);
    await mkdir(work, { mode: 0o700 });
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { work, leave: () => removeWork(work).finally(() => lock.release()) };
}

const beingBuilt = (name: string, cause: unknown): ShipError =>
  new ShipError('IMAGE_IN_USE', {
    summary: `The image "${name}" is being built or removed by another process.`,
    reason: 'Two of them would mix their files.',
    nextStep: 'Wait until it has ended, and try again.',
    cause,
  });

type ImageFiles = GoldenImage['files'];

/** Names a file by its content: the machines of an image that is replaced still find the one that they began with. */
export async function contentNamed(
  path: string,
  stem: string,
  ending: string,
  signal: AbortSignal,
): Promise<ImageFiles['disk']> {
  const digest = await digestOfFile(path, signal);
  return { ...digest, name: `${stem}-${digest.sha256Hex.slice(0, 16)}${ending}` };
}

export interface FinishedImage {
  readonly facts: GoldenImage;
  /** Where each file of `facts.files` is now, on the same disk. */
  readonly from: Readonly<Record<keyof ImageFiles, string>>;
  /** Files of the image that was there before stay: machines need them. */
  readonly keepOld: boolean;
}

/**
 * Puts an image in place, over one that may be there. It is there from the moment in which its description is.
 *
 * @throws the signal's reason, until then
 */
export async function placeImage(
  folder: string,
  { facts, from, keepOld }: FinishedImage,
  work: string,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  await makeFolder(folder, 0o755);
  for (const part of ['disk', 'kernel', 'initrd'] as const)
    await rename(from[part], join(folder, facts.files[part].name));
  const draft = join(work, IMAGE_FACTS_FILE);
  await writeFile(draft, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o644 });
  signal?.throwIfAborted();
  await rename(draft, join(folder, IMAGE_FACTS_FILE));
  if (!keepOld) await removeOthers(folder, facts);
}

async function removeOthers(folder: string, { files }: GoldenImage): Promise<void> {
  const kept = Object.values(files).map(({ name }) => name);
  const others = (await readdir(folder)).filter((name) => OWN_FILE.test(name) && !kept.includes(name));
  await Promise.all(others.map((name) => rm(join(folder, name), { force: true })));
}

/** Removes an image, and its folder when nothing else is in it. Without its description it is no image any more. */
export async function removeImage(
  folder: string,
  files: Readonly<Record<string, { readonly name: string }>>,
) {
  await rm(join(folder, IMAGE_FACTS_FILE));
  const named = Object.values(files).map(({ name }) => name);
  const own = (await readdir(folder)).filter((name) => OWN_FILE.test(name) || named.includes(name));
  await Promise.all(own.map((name) => rm(join(folder, name), { force: true })));
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}
