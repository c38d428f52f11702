import { cleanVolumeName } from '../../formats/hfsplus/names.ts';
import type { VolumeListing } from '../../formats/hfsplus/read/volume.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import { withSignedFile } from '../code-signature/signed-file.ts';
import { withImage } from './image.ts';
import { type OpenVolume, openVolume } from './volume.ts';

export interface SameContentOptions {
  readonly volumeName: string;
  /** What must be on the volume, with the files of this host that it must be made of. */
  readonly entries: readonly VolumeEntry[];
  readonly signal: AbortSignal;
}

/** What macOS itself puts on a volume that it has mounted: folders for the trash, hard links and file events. */
const HOUSEKEEPING = [
  '.Trashes',
  '.fseventsd',
  '\u2400\u2400\u2400\u2400HFS+ Private Data',
  '.HFS+ Private Directory Data\r',
];
const FILE_EVENTS = /^\.fseventsd\/(fseventsd-uuid|no_log|[0-9a-f]{16})$/;
const MAX_FILE_EVENTS_BYTES = 64 * 1024;
/** What macOS notes about every file, for itself; a seal ignores it. */
const HARMLESS_ATTRIBUTES = /^com\.apple\.(provenance|macl|lastuseddate#PS|metadata:.*)$/;
const MAX_LINK_BYTES = 1024;

/**
 * Compares the volume of a disk image with the files that it was made of, byte for byte. Its structure and checksums are
 * for `verifyDmg` to check.
 *
 * @returns what differs, in words; nothing when the image holds just this
 * @throws ShipError DMG_CORRUPT · DMG_UNSUPPORTED · SIGNED_FILE_UNREADABLE · the signal's reason
 */
export const contentChange = (path: string, options: SameContentOptions): Promise<string | undefined> =>
  withImage(path, async (image) => {
    const volume = await openVolume(image);
    if (!isNamed(volume.name, options.volumeName)) return `The volume is called ${shown(volume.name)}.`;
    const found = new Map(volume.listing.map((entry) => [entry.path.normalize('NFC'), entry]));
    const listed = listingChange(found, options.entries);
    return listed ?? fileChange(volume, found, options);
  });

/** Tools differ in what they do with letters that Finder does not show, and Unix and HFS+ exchange two of them. */
function isNamed(found: string, wanted: string): boolean {
  const plain = (name: string) => name.normalize('NFC').replaceAll(':', '/');
  return [wanted, cleanVolumeName(wanted)].map(plain).includes(plain(found));
}

function listingChange(
  found: ReadonlyMap<string, VolumeListing>,
  entries: readonly VolumeEntry[],
): string | undefined {
  const wanted = new Map(entries.map((entry) => [entry.path.normalize('NFC'), entry]));
  for (const [path, entry] of found) {
    if (wanted.has(path) || isHousekeeping(entry)) continue;
    return `There is ${shown(path)} on it, which was not sent.`;
  }
  for (const [path, entry] of wanted) {
    const other = found.get(path);
    if (!other) return `${shown(path)} is not on it.`;
    const difference = entryChange(entry, other);
    if (difference) return `${shown(path)} ${difference}.`;
  }
  return undefined;
}

const isHousekeeping = ({ path, type, sizeBytes }: VolumeListing): boolean =>
  type === 'directory'
    ? HOUSEKEEPING.includes(path)
    : type === 'file' && FILE_EVENTS.test(path) && sizeBytes <= MAX_FILE_EVENTS_BYTES;

/** Links have no mode of their own. */
function entryChange(wanted: VolumeEntry, found: VolumeListing): string | undefined {
  if (found.type !== wanted.type) return `is a ${found.type}, not a ${wanted.type}`;
  if (found.type !== 'symlink' && found.mode !== wanted.mode)
    return `has the mode ${found.mode.toString(8)}, not ${wanted.mode.toString(8)}`;
  if (found.type === 'file' && found.sizeBytes !== wanted.sizeBytes)
    return `has ${found.sizeBytes} bytes, not ${wanted.sizeBytes}`;
  const extra = found.extras.find((name) => !HARMLESS_ATTRIBUTES.test(name));
  return extra === undefined ? undefined : `carries something that was not sent (${extra.slice(0, 80)})`;
}

/** In the order of their places, so that each chunk of the image is inflated about once. */
async function fileChange(
  volume: OpenVolume,
  found: ReadonlyMap<string, VolumeListing>,
  { entries, signal }: SameContentOptions,
): Promise<string | undefined> {
  const pairs = entries
    .flatMap((entry) => {
      const other = found.get(entry.path.normalize('NFC'));
      return other && entry.type !== 'directory' ? [{ entry, other }] : [];
    })
    .sort((a, b) => (a.other.extents[0]?.start ?? 0) - (b.other.extents[0]?.start ?? 0));
  for (const { entry, other } of pairs) {
    signal.throwIfAborted();
    const same =
      entry.type === 'symlink'
        ? await hasTarget(volume, other, entry.linkTarget ?? '')
        : await hasContentOf(volume, other, entry.source ?? '', signal);
    if (!same) return `${shown(entry.path)} is not as it was sent.`;
  }
  return undefined;
}

async function hasTarget(volume: OpenVolume, entry: VolumeListing, target: string): Promise<boolean> {
  if (entry.sizeBytes > MAX_LINK_BYTES) return false;
  const parts: Buffer[] = [];
  for await (const part of volume.contents(entry)) parts.push(part);
  return Buffer.concat(parts).toString('utf8').normalize('NFC') === target.normalize('NFC');
}

const hasContentOf = (
  volume: OpenVolume,
  entry: VolumeListing,
  source: string,
  signal: AbortSignal,
): Promise<boolean> =>
  withSignedFile(source, async (file) => {
    if (file.sizeBytes !== entry.sizeBytes) return false;
    let at = 0;
    for await (const part of volume.contents(entry)) {
      signal.throwIfAborted();
      if (!part.equals(await file.read(at, part.length))) return false;
      at += part.length;
    }
    return at === file.sizeBytes;
  });

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));
