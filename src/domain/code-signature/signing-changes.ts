import type { Bytes } from '../../formats/code-signature/bytes.ts';
import { commands, loadCommands, openHeader } from '../../formats/code-signature/mach-o-layout.ts';
import { malformed } from '../../formats/code-signature/malformed.ts';

/** The parts of one Mach-O slice that signing moves or rewrites; offsets count from the start of the slice. */
export interface SigningLayout {
  /** Header and load commands. */
  readonly headBytes: number;
  /** Where code ends: at the signature, or at the end of __LINKEDIT when there is none yet. */
  readonly codeEnd: number;
  /** LC_CODE_SIGNATURE; absent when signing has to append it. */
  readonly signatureCommandAt?: number;
  readonly signature?: { readonly offset: number; readonly sizeBytes: number };
  readonly linkedit: {
    readonly commandAt: number;
    readonly is64: boolean;
    readonly fileOffset: number;
    readonly vmBytes: number;
  };
}

/** The command takes four numbers of 32 bits: kind, its own size, offset and size of the signature. */
const SIGNATURE_COMMAND_BYTES = 16;
/** Signatures begin at a multiple of this. */
const SIGNATURE_ALIGNMENT = 16;
/** Tools round the size of __LINKEDIT in memory to pages of the processor, or to the larger ones of Apple silicon. */
const PAGE_SIZES = [0x4000, 0x1000] as const;

/** @throws ShipError SIGNATURE_MALFORMED for a slice that no signature can be put into */
export function signingLayout(head: Buffer): SigningLayout {
  const { bytes, headerBytes } = openHeader(head);
  const headBytes = headerBytes + bytes.u32(20);
  let linkedit: (SigningLayout['linkedit'] & { readonly fileBytes: number }) | undefined;
  let signatureCommandAt: number | undefined;
  for (const { command, offset } of loadCommands(bytes, headerBytes)) {
    if (command === commands.codeSignature) signatureCommandAt = offset;
    else if (command === commands.segment64 || command === commands.segment32)
      linkedit ??= linkeditAt(bytes, offset, command === commands.segment64);
  }
  if (!linkedit) throw malformed('Mach-O header', 'it has no __LINKEDIT segment');
  const signature = signatureCommandAt === undefined ? undefined : placeAt(bytes, signatureCommandAt);
  const codeEnd = signature?.offset ?? linkedit.fileOffset + linkedit.fileBytes;
  if (codeEnd < headBytes) throw malformed('Mach-O header', 'its code ends before its load commands do');
  return {
    headBytes,
    codeEnd,
    ...(signatureCommandAt !== undefined && { signatureCommandAt }),
    ...(signature && { signature }),
    linkedit,
  };
}

const placeAt = (bytes: Bytes, at: number) => ({ offset: bytes.u32(at + 8), sizeBytes: bytes.u32(at + 12) });

function linkeditAt(bytes: Bytes, at: number, is64: boolean) {
  if (
    !bytes
      .range(at + 8, 16)
      .toString('latin1')
      .startsWith('__LINKEDIT\0')
  )
    return undefined;
  const number = (wide: number, narrow: number): number =>
    is64 ? bytes.u64(at + wide) : bytes.u32(at + narrow);
  return {
    commandAt: at,
    is64,
    vmBytes: number(32, 28),
    fileOffset: number(40, 32),
    fileBytes: number(48, 36),
  };
}

/** Where a signature must begin in a slice whose code is not changed. */
export const signatureOffsetFor = ({ codeEnd }: SigningLayout): number =>
  roundedUp(codeEnd, SIGNATURE_ALIGNMENT);

/** Bytes of header and load commands once the slice is signed. */
export const signedHeadBytes = ({ headBytes, signatureCommandAt }: SigningLayout): number =>
  headBytes + (signatureCommandAt === undefined ? SIGNATURE_COMMAND_BYTES : 0);

/**
 * Header and load commands as signing must leave them: LC_CODE_SIGNATURE names the signature, __LINKEDIT has grown to
 * its end, and no other bit differs. There are a few, because tools round the size of a segment in memory differently
 * (rcodesign 0.29.0: 16 KiB; Apple's codesign: by processor).
 *
 * @param head - of the unsigned slice, `signedHeadBytes` long
 * @param sizeBytes - room for the signature
 */
export function headsAfterSigning(head: Buffer, layout: SigningLayout, sizeBytes: number): Buffer[] {
  const { linkedit } = layout;
  const fileBytes = signatureOffsetFor(layout) + sizeBytes - linkedit.fileOffset;
  const vmSizes = new Set([
    ...PAGE_SIZES.map((pageBytes) => roundedUp(fileBytes, pageBytes)),
    ...(linkedit.vmBytes >= fileBytes ? [linkedit.vmBytes] : []),
  ]);
  return [...vmSizes].map((vmBytes) => headAfterSigning(head, layout, { sizeBytes, fileBytes, vmBytes }));
}

function headAfterSigning(
  head: Buffer,
  layout: SigningLayout,
  sizes: { readonly sizeBytes: number; readonly fileBytes: number; readonly vmBytes: number },
): Buffer {
  const { linkedit } = layout;
  const signed = Buffer.from(head);
  const { littleEndian } = openHeader(head).bytes;
  const put32 = (value: number, at: number) =>
    littleEndian ? signed.writeUInt32LE(value, at) : signed.writeUInt32BE(value, at);
  const put64 = (value: bigint, at: number) =>
    littleEndian ? signed.writeBigUInt64LE(value, at) : signed.writeBigUInt64BE(value, at);
  const commandAt = layout.signatureCommandAt ?? appendCommand(signed, layout, put32);
  put32(signatureOffsetFor(layout), commandAt + 8);
  put32(sizes.sizeBytes, commandAt + 12);
  if (linkedit.is64) {
    put64(BigInt(sizes.vmBytes), linkedit.commandAt + 32);
    put64(BigInt(sizes.fileBytes), linkedit.commandAt + 48);
  } else {
    put32(sizes.vmBytes, linkedit.commandAt + 28);
    put32(sizes.fileBytes, linkedit.commandAt + 36);
  }
  return signed;
}

function appendCommand(
  signed: Buffer,
  { headBytes }: SigningLayout,
  put32: (value: number, at: number) => void,
): number {
  const { bytes } = openHeader(Buffer.from(signed));
  put32(bytes.u32(16) + 1, 16);
  put32(bytes.u32(20) + SIGNATURE_COMMAND_BYTES, 20);
  put32(commands.codeSignature, headBytes);
  put32(SIGNATURE_COMMAND_BYTES, headBytes + 4);
  return headBytes;
}

const roundedUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
