import { access, constants, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_FACTS_FILE } from '../../domain/golden-image.ts';
import { ShipError } from '../../errors.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { freeBytesAt } from '../../files/disk/usage.ts';

/** The installed system, its archive and its disk, each some 300 MB, and packages. */
const NEEDED_BYTES = 2e9;

/** The files of an image, named by their content; nothing else in its folder is ours. */
export const OWN_FILE = /^(?:disk|vmlinuz|initrd)-[0-9a-f]{16}(?:\.qcow2|\.gz)?$/;

/** Makes the folder of images. @throws ShipError CONFIG_INVALID · DISK_FULL */
export async function requireImageFolder(imageDir: string): Promise<void> {
  try {
    await makeFolder(imageDir, 0o755);
    await access(imageDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw folderUnfit(imageDir, error);
  }
  const freeBytes = await freeBytesAt(imageDir);
  if (freeBytes !== undefined && freeBytes < NEEDED_BYTES) throw tooFull(imageDir, freeBytes);
}

export const folderUnfit = (imageDir: string, cause: unknown): ShipError => {
  const { code } = cause as NodeJS.ErrnoException;
  return new ShipError('CONFIG_INVALID', {
    summary: `Images cannot be kept in "${imageDir}" (PERRY_IMAGE_DIR).`,
    reason: cause instanceof ShipError ? FOREIGN_BUILDS : (REASONS[code ?? ''] ?? `The system says ${code}.`),
    nextStep: 'Set PERRY_IMAGE_DIR to a folder that this user may make and write to.',
    cause,
  });
};

const FOREIGN_BUILDS =
  'The folder ".builds" in it, where images are built, belongs to another user, or others may write to it.';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'This user may not write there.',
  EPERM: 'This user may not write there.',
  ENOTDIR: 'A part of its path is a file, not a folder.',
  EROFS: 'The file system there is read-only.',
  ENOENT: 'The folder that it is to lie in cannot hold another one.',
};

const tooFull = (imageDir: string, freeBytes: number): ShipError =>
  new ShipError('DISK_FULL', {
    summary: 'The image was not built, because the disk is nearly full.',
    reason: `The volume of "${imageDir}" (PERRY_IMAGE_DIR) has ${(freeBytes / 1e9).toFixed(1)} GB free, and a build needs ${NEEDED_BYTES / 1e9} GB.`,
    nextStep: 'Free space there, or set PERRY_IMAGE_DIR to another volume.',
  });

/**
 * Whether an image of that name may be made.
 *
 * @throws ShipError IMAGE_EXISTS · IMAGE_NOT_OURS when something else has the name, which is never replaced
 */
export async function requireFreeName(imageDir: string, name: string, force: boolean): Promise<void> {
  const path = join(imageDir, name);
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return;
  const names = facts.isDirectory() ? await readdir(path) : undefined;
  // what a build that was killed in its last moment has left
  if (names?.every((each) => OWN_FILE.test(each))) return;
  if (!names?.includes(IMAGE_FACTS_FILE)) throw notAnImage(name, path);
  if (!force) throw exists(name, path);
}

const notAnImage = (name: string, path: string): ShipError =>
  new ShipError('IMAGE_NOT_OURS', {
    summary: `Something else has the name of the image "${name}".`,
    reason: `"${path}" is no folder with an ${IMAGE_FACTS_FILE}, so perry-ship has not built it and does not replace it.`,
    nextStep: 'Give the image another name, or remove what is there.',
  });

const exists = (name: string, path: string): ShipError =>
  new ShipError('IMAGE_EXISTS', {
    summary: `There is an image "${name}" already.`,
    reason: `It is the folder "${path}".`,
    nextStep: 'Add --force to replace it, or give another name.',
  });
