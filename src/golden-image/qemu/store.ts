import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { imagesUnreadable, requireReadableImages } from '../../adapters/vm/qemu/images-folder.ts';
import {
  GOLDEN_IMAGE_NAME,
  type GoldenImage,
  goldenImageSchema,
  IMAGE_FACTS_FILE,
  MAX_FACTS_BYTES,
} from '../../domain/golden-image.ts';
import { readBoundedText } from '../../files/disk/bounded-file.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import { plain } from '../../text.ts';

/** What a folder of an image says of itself, or why that cannot be read. */
export type ImageFacts = { readonly facts: GoldenImage } | { readonly fault: string };

/** Names of the folders in the image folder that may be images. */
export async function imageNames(imageDir: string): Promise<string[]> {
  const entries = await readdir(imageDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw imagesUnreadable(imageDir, error);
  });
  const folders = entries.filter((entry) => entry.isDirectory() && GOLDEN_IMAGE_NAME.test(entry.name));
  return folders.map(({ name }) => name).sort();
}

/** Nothing where there is no image.json. @throws ShipError CONFIG_INVALID when the folder of images cannot be read */
export async function readImageFacts(imageDir: string, name: string): Promise<ImageFacts | undefined> {
  const path = join(imageDir, name, IMAGE_FACTS_FILE);
  try {
    const read = await readBoundedText(path, MAX_FACTS_BYTES);
    if ('unread' in read) return { fault: `Its ${IMAGE_FACTS_FILE} was not read: ${read.unread}.` };
    return parseFacts(read.text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await requireReadableImages(imageDir);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return { fault: `Its ${IMAGE_FACTS_FILE} cannot be read: ${code ?? 'unknown'}.` };
  }
}

export function parseFacts(text: string): ImageFacts {
  try {
    const result = goldenImageSchema.safeParse(JSON.parse(text));
    if (result.success) return { facts: result.data };
    const at = result.error.issues[0]?.path.join('.') ?? '';
    return { fault: `Its ${IMAGE_FACTS_FILE} is not of this form at "${plain(at.slice(0, 100))}".` };
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
    const found = await digestOfImageFile(join(imageDir, name, file), sizeBytes, signal).catch((error) => {
      signal.throwIfAborted();
      return { fault: `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.` };
    });
    if (found && 'fault' in found) return found.fault;
    if (found?.sha256Hex !== sha256Hex) return `${file} is not what was built.`;
  }
  return undefined;
}

/** Nothing for a file of another size, or none, which is not opened: a pipe may never answer, and a file be endless. */
async function digestOfImageFile(path: string, sizeBytes: number, signal: AbortSignal) {
  const stats = await stat(path);
  if (!stats.isFile() || stats.size !== sizeBytes) return undefined;
  return digestOfFile(path, signal);
}
