import {
  headsAfterSigning,
  signatureOffsetFor,
  signedHeadBytes,
  signingLayout,
} from '../../domain/code-signature/signing-changes.ts';
import { isAllZero } from '../../formats/code-signature/bytes.ts';
import { readingHostile } from '../../formats/code-signature/malformed.ts';
import { MAX_HEADER_BYTES } from '../../formats/macho/header.ts';
import { headBytesOf } from '../../formats/macho/layout.ts';
import { shapeChange } from './file-shape.ts';
import { readSlices, type SliceSignature } from './read-signature.ts';
import type { SignedFile } from './signed-file.ts';

/** One architecture before and after signing. */
export interface SlicePair {
  readonly unsigned: SliceSignature;
  readonly signed: SliceSignature;
}

/**
 * The architectures of a file before and after signing. Signing may move them in a universal file, and makes a thin
 * one of a universal file with one architecture (rcodesign 0.29.0).
 *
 * @returns the pairs, or what differs, in words
 * @throws ShipError SIGNATURE_MALFORMED · SIGNED_FILE_UNREADABLE
 */
export async function pairSlices(unsigned: SignedFile, signed: SignedFile): Promise<SlicePair[] | string> {
  const before = await readSlices(unsigned, 'tolerated');
  const slices = await readSlices(signed);
  const shape = await shapeChange(unsigned, signed, slices);
  if (shape !== undefined) return shape;
  const after = new Map(slices.map((slice) => [keyOf(slice), slice]));
  if (new Set(before.map(keyOf)).size !== before.length) return 'It has one architecture twice.';
  const pairs = before.flatMap((slice) => {
    const partner = after.get(keyOf(slice));
    return partner ? [{ unsigned: slice, signed: partner }] : [];
  });
  return pairs.length === before.length && after.size === before.length
    ? pairs
    : 'It does not have the same architectures.';
}

const keyOf = ({ layout: { cpu } }: SliceSignature): string => `${cpu.type} ${cpu.subtype}`;

/**
 * Compares one architecture byte for byte, but for its signature and what has to name that: see `signing-changes.ts`.
 * What lies behind the code, in or after the signature, is left to the check of the signature.
 *
 * @returns what differs, in words; nothing when only a signature was added or replaced
 * @throws as `pairSlices`; the signal's reason when aborted
 */
export async function codeChange(
  files: { readonly unsigned: SignedFile; readonly signed: SignedFile },
  pair: SlicePair,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [before, after] = [slicePart(files.unsigned, pair.unsigned), slicePart(files.signed, pair.signed)];
  const layout = signingLayout(await headOf(before));
  const { signature } = pair.signed.layout;
  const signatureOffset = signatureOffsetFor(layout);
  if (!signature) return 'It came back without a signature.';
  if (signature.offset !== signatureOffset) return 'Its code is longer or shorter than it was.';
  const headBytes = signedHeadBytes(layout);
  const heads = headsAfterSigning(await before.read(0, headBytes), layout, signature.sizeBytes);
  const head = await after.read(0, headBytes);
  if (!heads.some((allowed) => allowed.equals(head))) return 'Its header or its load commands were changed.';
  const changedAt = await firstDifference(before, after, { start: headBytes, end: layout.codeEnd }, signal);
  if (changedAt !== undefined) return `Its code was changed within 1 MiB of byte ${changedAt}.`;
  const padding = await after.read(layout.codeEnd, signatureOffset - layout.codeEnd);
  return isAllZero(padding) ? undefined : 'There are bytes between its code and its signature.';
}

interface SlicePart {
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Buffer>;
  chunks(offset: number, length: number, signal: AbortSignal): AsyncGenerator<Buffer>;
}

const slicePart = (file: SignedFile, { offset, sizeBytes }: SliceSignature): SlicePart => ({
  sizeBytes,
  read: (at, length) => file.read(offset + at, length),
  chunks: (at, length, signal) => file.chunks(offset + at, length, signal),
});

async function headOf(slice: SlicePart): Promise<Buffer> {
  const start = await slice.read(0, Math.min(MAX_HEADER_BYTES, slice.sizeBytes));
  const headBytes = readingHostile('Mach-O header', () => headBytesOf(start));
  return slice.read(0, Math.min(headBytes, slice.sizeBytes));
}

async function firstDifference(
  before: SlicePart,
  after: SlicePart,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  const others = after.chunks(start, end - start, signal);
  let at = start;
  for await (const chunk of before.chunks(start, end - start, signal)) {
    const { value: other } = await others.next();
    if (!other || !chunk.equals(other)) return at;
    at += chunk.length;
  }
  return undefined;
}
