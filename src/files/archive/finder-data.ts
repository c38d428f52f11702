import type { ArchiveEntry } from './archive-entry.ts';
import { peek } from './peek.ts';

/** https://datatracker.ietf.org/doc/html/rfc1740 (AppleSingle and AppleDouble), the magic number of the latter. */
const APPLE_DOUBLE = Buffer.from([0x00, 0x05, 0x16, 0x07]);

export const isAppleDoubleName = (path: string): boolean => /(?:^|\/)\._[^/]+$/.test(path);
export const startsAppleDouble = (start: Buffer): boolean => start.subarray(0, 4).equals(APPLE_DOUBLE);

/**
 * Leaves out what the Finder and the `tar` of a Mac keep beside a file for its extended attributes: `__MACOSX` in a
 * zip, AppleDouble files named `._…` in a tar. On a Mac neither becomes a file when the archive is unpacked.
 *
 * @param onLeftOut - called for each entry that is passed over, because its name is kept
 */
export async function* withoutFinderData(
  entries: AsyncIterable<ArchiveEntry>,
  onLeftOut: (name: string) => void,
): AsyncGenerator<ArchiveEntry, void> {
  const leftOut = new Set<string>();
  for await (const entry of entries) {
    const isLinkToLeftOut = entry.hardLinkTo !== undefined && leftOut.has(entry.hardLinkTo);
    const kept = isLinkToLeftOut ? undefined : await withoutAppleDouble(entry);
    if (kept) yield kept;
    else {
      onLeftOut(entry.name);
      leftOut.add(entry.name);
    }
  }
}

async function withoutAppleDouble(entry: ArchiveEntry): Promise<ArchiveEntry | undefined> {
  if (entry.name.startsWith('__MACOSX/')) return undefined;
  if (entry.kind !== 'file' || !isAppleDoubleName(entry.name)) return entry;
  const { firstBytes, stream } = await peek(entry.content());
  if (!startsAppleDouble(firstBytes)) return { ...entry, content: () => stream };
  for await (const _ of stream); // the next entry comes behind it
  return undefined;
}
