import { chmod, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeListing } from '../../formats/hfsplus/read/volume.ts';
import { demand } from '../../formats/udif/read/findings.ts';
import { makeFolder } from '../disk/make-folder.ts';
import type { TreeEntry } from '../disk/tree.ts';
import { verifyChecksums } from './checksums.ts';
import { type DmgImage, withImage } from './image.ts';
import { signatureOf } from './signed.ts';
import { type OpenVolume, openVolume } from './volume.ts';

const MAX_LINK_TARGET_BYTES = 1024;

export interface ReadDmgOptions {
  readonly signal: AbortSignal;
}

export interface ExtractDmgOptions extends ReadDmgOptions {
  /** Where an item of the volume is written, relative to the folder; by its own path when left out. */
  readonly placeOf?: (path: string) => string;
}

/** What a sound disk image holds. */
export interface DmgFacts {
  /** Of the file. */
  readonly sizeBytes: number;
  /** Of the volume, when it is mounted. */
  readonly volumeBytes: number;
  readonly volumeName: string;
  readonly fileSystem: 'HFS+' | 'HFSX';
  /** Parents before children; names as stored, which is decomposed (NFD). */
  readonly entries: readonly TreeEntry[];
  /** Where the code signature is; left out when there is none. What it says is not looked at. */
  readonly signed?: { readonly offset: number; readonly size: number };
}

/**
 * Checks a whole disk image (zlib or raw, one HFS+ volume, with or without a partition map): trailer, block
 * tables, all checksums, and the file system as Apple's fsck does. Memory does not grow with its size.
 *
 * @throws ShipError DMG_CORRUPT with the first finding · DMG_UNSUPPORTED · the signal's reason when aborted
 */
export const verifyDmg = (path: string, options: ReadDmgOptions): Promise<DmgFacts> =>
  withVerified(path, options, async (_volume, facts) => facts);

/**
 * Checks a disk image and writes what is on it into a folder, which is made when it is not there. Nothing that
 * exists is replaced, links are made last, so that nothing is written through one, and the owner can always read
 * and remove what was written.
 *
 * @throws as `verifyDmg`
 */
export const extractDmg = (path: string, destDir: string, options: ExtractDmgOptions): Promise<DmgFacts> =>
  withVerified(path, options, async (volume, facts) => {
    const { placeOf = (place) => place } = options;
    const target = (place: string) => join(destDir, placeOf(place));
    await makeFolder(destDir);
    const folders = volume.listing.filter(({ type }) => type === 'directory');
    for (const { path: folder } of folders) await mkdir(target(folder), { mode: 0o700 });
    for (const entry of inOrderOfPlace(volume.listing)) {
      options.signal.throwIfAborted();
      await writeFile(volume, entry, target(entry.path));
    }
    for (const entry of facts.entries) {
      if (entry.linkTarget !== undefined) await symlink(entry.linkTarget, target(entry.path));
    }
    for (const { path: folder, mode } of folders.toReversed()) await chmod(target(folder), mode | 0o700);
    return facts;
  });

const withVerified = <Result>(
  path: string,
  { signal }: ReadDmgOptions,
  work: (volume: OpenVolume, facts: DmgFacts) => Promise<Result>,
): Promise<Result> =>
  withImage(path, async (image) => {
    await verifyChecksums(image, signal);
    const volume = await openVolume(image);
    return work(volume, await factsOf(image, volume, signal));
  });

async function factsOf(image: DmgImage, volume: OpenVolume, signal: AbortSignal): Promise<DmgFacts> {
  const signed = await signatureOf(image.file, image.koly);
  const entries: TreeEntry[] = [];
  for (const entry of volume.listing) {
    signal.throwIfAborted();
    const { path, type, mode, sizeBytes } = entry;
    const link = type === 'symlink' && { linkTarget: await linkTargetOf(volume, entry) };
    entries.push({ path, type, mode, sizeBytes, ...link });
  }
  return {
    sizeBytes: image.koly.fileBytes,
    volumeBytes: volume.sizeBytes,
    volumeName: volume.name,
    fileSystem: volume.fileSystem,
    entries,
    ...(signed && { signed }),
  };
}

async function linkTargetOf(volume: OpenVolume, entry: VolumeListing): Promise<string> {
  const target = await readWhole(volume, entry, MAX_LINK_TARGET_BYTES);
  const usable = target.length > 0 && !target.includes(0);
  demand(usable, () => `The link ${JSON.stringify(entry.path)} has no target that could be followed.`);
  return target.toString('utf8');
}

async function readWhole(volume: OpenVolume, entry: VolumeListing, maxBytes: number): Promise<Buffer> {
  const { path, sizeBytes } = entry;
  demand(sizeBytes <= maxBytes, () => `${JSON.stringify(path)} has ${sizeBytes} bytes, above ${maxBytes}.`);
  const parts: Buffer[] = [];
  for await (const part of volume.contents(entry)) parts.push(part);
  return Buffer.concat(parts);
}

/** Each chunk of the image is then inflated about once. */
const inOrderOfPlace = (listing: readonly VolumeListing[]): VolumeListing[] =>
  listing
    .filter(({ type }) => type === 'file')
    .sort((left, right) => (left.extents[0]?.start ?? 0) - (right.extents[0]?.start ?? 0));

async function writeFile(volume: OpenVolume, entry: VolumeListing, target: string): Promise<void> {
  const file = await open(target, 'wx', 0o600);
  try {
    for await (const part of volume.contents(entry)) await file.writeFile(part);
    await file.chmod(entry.mode | 0o400);
  } finally {
    await file.close();
  }
}
