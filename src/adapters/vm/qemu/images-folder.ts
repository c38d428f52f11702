import { readdir } from 'node:fs/promises';
import { ShipError } from '../../../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'It, or a part of its path, is a file and no folder.',
  EACCES: 'This user may not read it.',
  EPERM: 'This user may not read it.',
  ELOOP: 'Its path leads through links without an end.',
};

/**
 * Whether images can be looked for in a folder; one that is not there has none.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function requireReadableImages(imagesDir: string): Promise<void> {
  await readdir(imagesDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw imagesUnreadable(imagesDir, error);
  });
}

export const imagesUnreadable = (imagesDir: string, cause: NodeJS.ErrnoException): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The folder of images "${imagesDir}" (PERRY_IMAGE_DIR) cannot be read.`,
    reason: REASONS[cause.code ?? ''] ?? `The system says ${cause.code ?? 'nothing more'}.`,
    nextStep: 'Set PERRY_IMAGE_DIR to a folder that this user may read.',
    cause,
  });
