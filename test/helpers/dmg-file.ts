import { rm } from 'node:fs/promises';
import { writeDigested } from '../../src/files/disk/digested-file.ts';
import { withImage } from '../../src/files/dmg/image.ts';
import { openVolume } from '../../src/files/dmg/volume.ts';
import { type DmgOptions, DmgWriter, type PackOptions } from '../../src/files/dmg/write.ts';

/** The whole image, from its first byte to its last. */
export async function* createDmgStream(options: DmgOptions & PackOptions): AsyncGenerator<Buffer> {
  for await (const { bytes } of new DmgWriter(options).finish(options)) yield bytes;
}

/** Writes an unsigned disk image into a file; one that was there is replaced. */
export async function writeDmg({
  outPath,
  ...options
}: DmgOptions & PackOptions & { readonly outPath: string }) {
  await rm(outPath, { force: true });
  return writeDigested(outPath, createDmgStream(options));
}

/** One file of a disk image; `undefined` when there is none. Composed and decomposed letters are the same. */
export const readDmgFile = (path: string, entryPath: string): Promise<Buffer | undefined> =>
  withImage(path, async (image) => {
    const volume = await openVolume(image);
    const wanted = entryPath.normalize('NFC');
    const entry = volume.listing.find((item) => item.path.normalize('NFC') === wanted);
    if (entry?.type !== 'file') return undefined;
    const parts: Buffer[] = [];
    for await (const part of volume.contents(entry)) parts.push(part);
    return Buffer.concat(parts);
  });
