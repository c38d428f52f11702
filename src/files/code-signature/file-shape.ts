import { FAT_HEADER_BYTES } from '../../formats/macho/slices.ts';
import type { SliceSignature } from './read-signature.ts';
import type { SignedFile } from './signed-file.ts';

const FAT_MAGIC = 0xcafebabe;
const FAT64_MAGIC = 0xcafebabf;
const FAT_ENTRY_BYTES = 20;
const ALIGNMENT_AT = 16;
/** The smallest page, as an exponent; the kernel maps each architecture from a page on. */
const PAGE_ALIGNMENT = 12;

/**
 * Looks at what lies around the architectures of a file that came back signed. Each ends with its signature, and the
 * file with the last of them: Apple's strict validation refuses even zeros behind. The kernel runs no universal
 * program with the wide header, and signing makes no universal file of a thin one.
 *
 * @returns what differs, in words
 */
export async function shapeChange(
  unsigned: SignedFile,
  signed: SignedFile,
  slices: readonly SliceSignature[],
): Promise<string | undefined> {
  const ends = slices.map(({ offset, sizeBytes }) => offset + sizeBytes);
  const isOpen = slices.some(
    ({ layout: { signature }, sizeBytes }) =>
      signature && signature.offset + signature.sizeBytes !== sizeBytes,
  );
  if (isOpen || Math.max(0, ...ends) !== signed.sizeBytes) return 'It goes on behind its signature.';
  const [before, after] = [await headerOf(unsigned), await headerOf(signed)];
  const [magic, oldMagic] = [after.readUInt32BE(0), before.readUInt32BE(0)];
  if (isUniversal(magic) && !isUniversal(oldMagic)) return 'It was thin and is universal.';
  if (magic === FAT64_MAGIC && oldMagic !== magic) return 'Its universal header is of another kind.';
  if (magic !== FAT_MAGIC || before.equals(after)) return undefined;
  const isPaged = slices.every(
    (_, index) => after.readUInt32BE(8 + index * FAT_ENTRY_BYTES + ALIGNMENT_AT) >= PAGE_ALIGNMENT,
  );
  return isPaged ? undefined : 'Its architectures are not aligned to pages.';
}

const isUniversal = (magic: number): boolean => magic === FAT_MAGIC || magic === FAT64_MAGIC;

const headerOf = (file: SignedFile): Promise<Buffer> =>
  file.read(0, Math.min(FAT_HEADER_BYTES, file.sizeBytes));
