import { ShipError } from '../../errors.ts';
import { isAllZero } from '../../formats/code-signature/bytes.ts';
import {
  type EmbeddedSignature,
  parseEmbeddedSignature,
} from '../../formats/code-signature/embedded-signature.ts';
import { malformed, readingHostile } from '../../formats/code-signature/malformed.ts';
import { isMachO as looksLikeMachO, MAX_HEADER_BYTES } from '../../formats/macho/header.ts';
import { headBytesOf, readLayout, type SliceLayout } from '../../formats/macho/layout.ts';
import { FAT_HEADER_BYTES, type SliceRange, sliceRanges } from '../../formats/macho/slices.ts';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import {
  hasKolyMagic,
  type SignatureRange,
  signatureRange,
  withoutSignatureSize,
} from '../../formats/udif/read/koly.ts';
import { type SignedFile, withSignedFile } from './signed-file.ts';

/** One architecture of a Mach-O file; `signature` is absent when it is not signed. */
export interface SliceSignature extends SliceRange {
  readonly layout: SliceLayout;
  readonly signature?: EmbeddedSignature;
}

export interface MachOSignature {
  readonly slices: readonly SliceSignature[];
}

export interface DmgSignature {
  /** Absent when the image is not signed. */
  readonly range?: SignatureRange;
  /** What special slot 6 is the digest of. */
  readonly sealedTrailer: Buffer;
  readonly signature?: EmbeddedSignature;
}

const WHAT = 'Mach-O header';
/** Digests of 2 GiB of code; more than the signatures of all architectures of a file have. */
const MAX_SIGNATURE_BYTES = 16 * 1024 * 1024;

/**
 * Reads the signatures of all architectures, without checking them.
 *
 * @throws ShipError CODE_FORMAT_UNKNOWN · SIGNATURE_MALFORMED · SIGNED_FILE_UNREADABLE
 */
export const readMachOSignature = (path: string): Promise<MachOSignature> =>
  withSignedFile(path, async (file) => {
    if (!(await isMachO(file))) throw unknownFormat();
    return { slices: await readSlices(file) };
  });

/** Reads the signature of a disk image, without checking it. Throws as `readMachOSignature`. */
export const readDmgSignature = (path: string): Promise<DmgSignature> =>
  withSignedFile(path, async (file) => {
    if (!(await isDmg(file))) throw unknownFormat();
    return readDmg(file);
  });

export const unknownFormat = (): ShipError =>
  new ShipError('CODE_FORMAT_UNKNOWN', {
    summary: 'The file cannot carry a code signature that is understood here.',
    reason: 'It is neither a Mach-O file nor a disk image (UDIF).',
    nextStep: 'Name a .app, .dmg or Mach-O file.',
  });

export async function isMachO(file: SignedFile): Promise<boolean> {
  return file.sizeBytes >= MAX_HEADER_BYTES && looksLikeMachO(await file.read(0, MAX_HEADER_BYTES));
}

/**
 * @param damaged - `tolerated` takes a signature that cannot be read for none; whoever made it, it is to be replaced
 * @throws ShipError SIGNATURE_MALFORMED
 */
export async function readSlices(
  file: SignedFile,
  damaged: 'refused' | 'tolerated' = 'refused',
): Promise<SliceSignature[]> {
  const head = await file.read(0, Math.min(FAT_HEADER_BYTES, file.sizeBytes));
  const slices: SliceSignature[] = [];
  let signatureBytes = 0;
  const ranges = readingHostile('universal Mach-O header', () => sliceRanges(head, file.sizeBytes));
  for (const range of ranges) {
    const slice = await readSlice(file, range, damaged);
    signatureBytes += slice.layout.signature?.sizeBytes ?? 0;
    if (signatureBytes > MAX_SIGNATURE_BYTES)
      throw malformed('code signature', `those of all architectures take ${signatureBytes} bytes`);
    slices.push(slice);
  }
  return slices;
}

async function readSlice(
  file: SignedFile,
  range: SliceRange,
  damaged: 'refused' | 'tolerated',
): Promise<SliceSignature> {
  const fits = (length: number): number => Math.min(length, range.sizeBytes);
  const start = await file.read(range.offset, fits(MAX_HEADER_BYTES));
  const headBytes = readingHostile(WHAT, () => headBytesOf(start));
  const head = await file.read(range.offset, fits(headBytes));
  const layout = readingHostile(WHAT, () => readLayout(head, range));
  if (!layout.signature) return { ...range, layout };
  const { offset, sizeBytes } = layout.signature;
  const region = await readRegion(file, range.offset + offset, sizeBytes);
  // room that the linker reserved, never signed
  if (isAllZero(region)) return { ...range, layout };
  const signature = damaged === 'refused' ? parseEmbeddedSignature(region) : readableSignature(region);
  return { ...range, layout, ...(signature && { signature }) };
}

function readableSignature(region: Buffer): EmbeddedSignature | undefined {
  try {
    return parseEmbeddedSignature(region);
  } catch (error) {
    if (error instanceof ShipError) return undefined;
    throw error;
  }
}

export async function isDmg(file: SignedFile): Promise<boolean> {
  return file.sizeBytes >= KOLY_BYTES && hasKolyMagic(await lastBytes(file));
}

const lastBytes = (file: SignedFile): Promise<Buffer> => file.read(file.sizeBytes - KOLY_BYTES, KOLY_BYTES);

export async function readDmg(file: SignedFile): Promise<DmgSignature> {
  const trailer = await lastBytes(file);
  const sealedTrailer = withoutSignatureSize(trailer);
  const range = signatureRange(trailer, file.sizeBytes, (fact) =>
    malformed('trailer of the disk image', fact),
  );
  if (!range) return { sealedTrailer };
  const region = await readRegion(file, range.offset, range.sizeBytes);
  return { sealedTrailer, range, signature: parseEmbeddedSignature(region) };
}

function readRegion(file: SignedFile, offset: number, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > MAX_SIGNATURE_BYTES) throw malformed('code signature', `it takes ${sizeBytes} bytes`);
  return file.read(offset, sizeBytes);
}
