import { constants } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../../../errors.ts';
import { isThere } from '../../../files/disk/is-there.ts';
import { makeFolder } from '../../../files/disk/make-folder.ts';
import { makeSshKeyPair } from '../../guest/ssh/keys.ts';
import { cloneLayout } from './layout.ts';

/** A folder name and nothing more: no separators, no leading dot. */
const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export interface CloneFilesOptions {
  readonly imagesDir: string;
  readonly image: string;
  readonly cloneDir: string;
  /** The one key that may log in. */
  readonly authorizedKey: string;
  readonly signal: AbortSignal;
}

/** Makes an image with nothing in it but the folders that a guest needs; one that exists stays as it is. */
export async function makeEmptyImage(imagesDir: string, image: string): Promise<void> {
  const { home, bin } = cloneLayout(join(imagesDir, image));
  for (const folder of [home, bin]) await makeFolder(folder, 0o700);
}

/** Copies the image, sharing its blocks where the file system can, and gives the copy its own identity. */
export async function cloneFiles(options: CloneFilesOptions): Promise<void> {
  const { imagesDir, image, cloneDir, signal } = options;
  signal.throwIfAborted();
  const imageDir = await existingImage(imagesDir, image);
  await mkdir(cloneDir, { mode: 0o700 }).catch((cause) => {
    throw cloneFailed(
      image,
      'A clone of that name exists already, or the state folder cannot be written.',
      cause,
    );
  });
  try {
    await fillClone(imageDir, options);
    signal.throwIfAborted();
  } catch (cause) {
    await rm(cloneDir, { recursive: true, force: true });
    signal.throwIfAborted();
    throw cloneFailed(image, 'The files of the image could not be copied.', cause);
  }
}

async function existingImage(imagesDir: string, image: string): Promise<string> {
  const imageDir = join(imagesDir, image);
  if (!IMAGE_NAME.test(image) || !(await isThere(imageDir))) throw imageMissing(image, imagesDir);
  return imageDir;
}

async function fillClone(imageDir: string, { cloneDir, authorizedKey }: CloneFilesOptions): Promise<void> {
  const layout = cloneLayout(cloneDir);
  await cp(imageDir, cloneDir, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  for (const folder of [layout.home, layout.bin, layout.temporary, join(layout.hostKey, '..')])
    await makeFolder(folder, 0o700);
  await writeFile(layout.hostKey, makeSshKeyPair().privateKey, { mode: 0o600 });
  await writeFile(layout.authorizedKey, authorizedKey, { mode: 0o600 });
}

const imageMissing = (image: string, imagesDir: string): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `The golden image "${image}" does not exist.`,
    reason: 'The local driver has no folder of that name among its images.',
    nextStep: 'Make it with "perry-ship image create", or name an image that exists.',
    detail: { imagesDir },
  });

const cloneFailed = (image: string, reason: string, cause: unknown): ShipError =>
  new ShipError('VM_CLONE_FAILED', {
    summary: `The golden image "${image}" could not be cloned.`,
    reason,
    nextStep: 'Check the free space and the permissions of the state folder with "perry-ship doctor".',
    cause,
  });
