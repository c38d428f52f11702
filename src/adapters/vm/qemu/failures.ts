import { buildCommand, rebuildCommand } from '../../../domain/golden-image.ts';
import { ShipError } from '../../../errors.ts';
import { plain } from '../../../text.ts';

const MAX_SHOWN_CHARACTERS = 100;

export const notAnImageName = (image: string): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `"${plain(image.slice(0, MAX_SHOWN_CHARACTERS))}" cannot be the name of a golden image.`,
    reason:
      'A name has letters, digits, dots, dashes and underscores, begins with a letter or digit, and has at most 100 characters.',
    nextStep: 'Correct PERRY_TART_IMAGE, or leave it unset.',
  });

export const imageMissing = (image: string, imagesDir: string): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `The golden image "${image}" does not exist on this host.`,
    reason: `No folder of that name with an image.json is in "${imagesDir}" (PERRY_IMAGE_DIR).`,
    nextStep: `Run "${buildCommand(image)}".`,
  });

export const imageUnusable = (
  image: string,
  reason: string,
  detail: Readonly<Record<string, unknown>> = {},
): ShipError =>
  new ShipError('VM_IMAGE_UNUSABLE', {
    summary: `The golden image "${image}" cannot be used.`,
    reason,
    nextStep: `Build it again with "${rebuildCommand(image)}".`,
    detail,
  });

/** What is there may be sound: to build it again would not help. */
export const imageForbidden = (image: string, path: string, cause: unknown): ShipError =>
  new ShipError('VM_IMAGE_UNUSABLE', {
    summary: `The golden image "${image}" cannot be used.`,
    reason: `This user may not read "${path}".`,
    nextStep: 'Let the user of perry-ship read it, or set PERRY_IMAGE_DIR to a folder of that user.',
    cause,
  });

export const cloneFailed = (image: string, reason: string, cause?: unknown): ShipError =>
  new ShipError('VM_CLONE_FAILED', {
    summary: `The golden image "${image}" could not be cloned.`,
    reason,
    nextStep: 'Check the permissions of the state folder with "perry-ship doctor".',
    ...(cause !== undefined && { cause }),
  });

export const noSpaceForClone = (image: string, cause: unknown): ShipError =>
  new ShipError('VM_DISK_FULL', {
    summary: `The golden image "${image}" could not be cloned.`,
    reason: 'The volume of the state folder is full.',
    nextStep: 'Free space there.',
    cause,
  });

/** @param packages - the packages of Debian that have the program */
export const notInstalled = (program: string, packages: string, cause?: unknown): ShipError =>
  new ShipError('COMMAND_NOT_FOUND', {
    summary: `The program "${program}" could not be started.`,
    reason: 'It is not installed, or not on the PATH of this process.',
    nextStep: `Run "sudo apt-get install --no-install-recommends ${packages}".`,
    ...(cause !== undefined && { cause }),
  });

export const alreadyRunning = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It is running already.',
    nextStep: 'Report this run to the maintainers.',
  });

export const notMade = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It was not made by this process.',
    nextStep: 'Nothing: it is deleted, and another one made.',
  });

export const notLocated = (name: string, cause?: unknown): ShipError =>
  new ShipError('VM_NOT_LOCATED', {
    summary: `The guest "${name}" has not said where it listens.`,
    reason: 'It is still booting, or has ended.',
    nextStep: 'Ask again.',
    ...(cause !== undefined && { cause }),
  });

export const keyForgotten = (name: string): ShipError =>
  new ShipError('GUEST_AUTH_REFUSED', {
    summary: `Nobody can log into the machine "${name}".`,
    reason: 'The process that made it, and alone had its key, has ended.',
    nextStep: 'Nothing: the machine is deleted, and another one made.',
  });

export const notDeleted = (name: string, cause: unknown): ShipError =>
  new ShipError('VM_DELETE_FAILED', {
    summary: `The clone "${name}" could not be removed.`,
    reason: `The file system answered ${(cause as NodeJS.ErrnoException).code ?? 'with an error'}.`,
    nextStep: 'Check the permissions of the state folder; the daemon tries again at its next start.',
    cause,
  });

export const notOurs = (name: string): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: `The machine "${name}" is not one of this daemon's making.`,
    reason: 'Its name is not of the form that this daemon gives.',
    nextStep: 'Report this run to the maintainers.',
  });
