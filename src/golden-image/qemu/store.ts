import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GOLDEN_IMAGE_NAME,
  type GoldenImage,
  goldenImageSchema,
  IMAGE_FACTS_FILE,
} from '../../domain/golden-image.ts';
import { ShipError } from '../../errors.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';

/** Far more than the list of packages of any image. */
const MAX_FACTS_BYTES = 1024 * 1024;

/** What a folder of an image says of itself, or why that cannot be read. */
export type ImageFacts = { readonly facts: GoldenImage } | { readonly fault: string };

/** Names of the folders in the image folder that may be images. */
export async function imageNames(imageDir: string): Promise<string[]> {
  const entries = await readdir(imageDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw unreadable(imageDir, error);
  });
  const folders = entries.filter((entry) => entry.isDirectory() && GOLDEN_IMAGE_NAME.test(entry.name));
  return folders.map(({ name }) => name).sort();
}

/** Nothing where there is no image.json. */
export async function readImageFacts(imageDir: string, name: string): Promise<ImageFacts | undefined> {
  const path = join(imageDir, name, IMAGE_FACTS_FILE);
  try {
    const { size } = await stat(path);
    if (size > MAX_FACTS_BYTES) return { fault: `Its ${IMAGE_FACTS_FILE} is too large.` };
    return parseFacts(await readFile(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return { fault: `Its ${IMAGE_FACTS_FILE} cannot be read: ${code ?? 'unknown'}.` };
  }
}

export function parseFacts(text: string): ImageFacts {
  try {
    const result = goldenImageSchema.safeParse(JSON.parse(text));
    if (result.success) return { facts: result.data };
    const at = result.error.issues[0]?.path.join('.') ?? '';
    return { fault: `Its ${IMAGE_FACTS_FILE} is not of this form at "${at.slice(0, 100)}".` };
  } catch {
    return { fault: `Its ${IMAGE_FACTS_FILE} is no JSON.` };
  }
}

/** What is wrong with the files of an image, as a sentence; reads all of them. @throws the signal's reason */
export async function faultOfFiles(
  imageDir: string,
  name: string,
  { files }: GoldenImage,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { name: file, sizeBytes, sha256Hex } of Object.values(files)) {
    const found = await digestOfFile(join(imageDir, name, file), signal).catch((error) => {
      signal.throwIfAborted();
      return { fault: `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.` };
    });
    if ('fault' in found) return found.fault;
    if (found.sizeBytes !== sizeBytes || found.sha256Hex !== sha256Hex)
      return `${file} is not what was built.`;
  }
  return undefined;
}

const unreadable = (imageDir: string, cause: NodeJS.ErrnoException): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The folder of images "${imageDir}" (PERRY_IMAGE_DIR) cannot be read.`,
    reason: `The system says ${cause.code}.`,
    nextStep: 'Set PERRY_IMAGE_DIR to a folder of this user.',
    cause,
  });
