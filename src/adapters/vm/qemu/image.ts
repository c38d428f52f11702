import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  GOLDEN_IMAGE_NAME,
  type GoldenImage,
  goldenImageSchema,
  IMAGE_FACTS_FILE,
  MAX_FACTS_BYTES,
} from '../../../domain/golden-image.ts';
import type { ShipError } from '../../../errors.ts';
import { readBoundedText } from '../../../files/disk/bounded-file.ts';
import { digestOfFile } from '../../../files/disk/digested-file.ts';
import { imageForbidden, imageMissing, imageUnusable, notAnImageName } from './failures.ts';
import { requireReadableImages } from './images-folder.ts';

/** As Node calls it in `process.arch`. */
const architectures: Readonly<Record<string, GoldenImage['architecture']>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
};

/** Of this host, as images call it; undefined where no image can be made for it. */
export const hostArchitecture = (): GoldenImage['architecture'] | undefined => architectures[process.arch];

/** A golden image whose files are what its image.json says. */
export interface SoundImage {
  readonly facts: GoldenImage;
  /** Absolute paths. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

export interface ImageReader {
  /**
   * The image of a name, with its files checked: their sizes each time, their digests whenever one has changed.
   *
   * @throws ShipError VM_IMAGE_MISSING · VM_IMAGE_UNUSABLE · CONFIG_INVALID when its folder of images cannot be read · the signal's reason
   */
  sound(image: string, signal: AbortSignal): Promise<SoundImage>;
}

export function createImageReader(imagesDir: string): ImageReader {
  /** By path: what the file was when its digest was found to be right. */
  const proven = new Map<string, string>();
  return {
    sound: async (image, signal) => {
      signal.throwIfAborted();
      const facts = await readFacts(imagesDir, image);
      const found = { facts, ...pathsOf(resolve(imagesDir, image), facts) };
      for (const part of ['disk', 'kernel', 'initrd'] as const)
        await proveFile(image, found[part], facts.files[part], proven, signal);
      signal.throwIfAborted();
      return found;
    },
  };
}

async function readFacts(imagesDir: string, image: string): Promise<GoldenImage> {
  if (!GOLDEN_IMAGE_NAME.test(image)) throw notAnImageName(image);
  const path = join(imagesDir, image, IMAGE_FACTS_FILE);
  const read = await readBoundedText(path, MAX_FACTS_BYTES).catch(async (error: NodeJS.ErrnoException) => {
    await requireReadableImages(imagesDir);
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw imageMissing(image, imagesDir);
    throw unreadable(image, path, error);
  });
  if ('unread' in read) throw imageUnusable(image, `Its image.json was not read: ${read.unread}.`);
  const facts = parsed(image, read.text);
  if (facts.architecture === hostArchitecture()) return facts;
  const here = hostArchitecture() ?? process.arch;
  throw imageUnusable(image, `It is made for ${facts.architecture}, and this host is ${here}.`);
}

const unreadable = (image: string, path: string, error: NodeJS.ErrnoException): ShipError =>
  error.code === 'EACCES' || error.code === 'EPERM'
    ? imageForbidden(image, path, error)
    : imageUnusable(image, `"${path}" cannot be read: ${error.code ?? 'an error'}.`);

function parsed(image: string, text: string): GoldenImage {
  try {
    return goldenImageSchema.parse(JSON.parse(text));
  } catch (error) {
    const what = (error as Error).message.slice(0, 2_048);
    throw imageUnusable(image, 'Its image.json is not in the form that this version knows.', { what });
  }
}

const pathsOf = (folder: string, { files }: GoldenImage) => ({
  disk: join(folder, files.disk.name),
  kernel: join(folder, files.kernel.name),
  initrd: join(folder, files.initrd.name),
});

async function proveFile(
  image: string,
  path: string,
  { name, sizeBytes, sha256Hex }: GoldenImage['files']['disk'],
  proven: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(image, path, error);
  });
  if (stats.size !== sizeBytes)
    throw imageUnusable(image, `Its file ${name} has ${stats.size} bytes instead of ${sizeBytes}.`);
  const version = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs} ${sha256Hex}`;
  if (proven.get(path) === version) return;
  const digest = await digestOfFile(path, signal);
  if (digest.sha256Hex !== sha256Hex)
    throw imageUnusable(image, `Its file ${name} is damaged: its SHA-256 is not the one in image.json.`);
  proven.set(path, version);
}
