import { readingHostile } from '../../formats/code-signature/malformed.ts';
import { readMachHeader } from '../../formats/macho/layout.ts';
import {
  type Command,
  commandIds,
  commandsIn,
  parseLoadCommands,
  uint32Reader,
} from '../../formats/macho/load-commands.ts';
import { MachOFault } from '../../formats/macho/types.ts';

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
export const signingLayout = (head: Buffer): SigningLayout =>
  readingHostile('Mach-O header', () => layoutOf(head));

function layoutOf(head: Buffer): SigningLayout {
  const header = readMachHeader(head);
  const headBytes = header.headerBytes + header.commandBytes;
  const commandBytes = head.subarray(header.headerBytes, headBytes);
  const found = [...commandsIn(commandBytes, header, uint32Reader(header))];
  const { segments, signature } = parseLoadCommands(commandBytes, header);
  const isSegment = ({ id }: Command) => id === commandIds.segment || id === commandIds.segment64;
  const index = segments.findIndex(({ name }) => name === '__LINKEDIT');
  const [segment, command] = [segments[index], found.filter(isSegment)[index]];
  if (!segment || !command) throw new MachOFault('it has no __LINKEDIT segment');
  const signatureCommand = found.find(({ id }) => id === commandIds.codeSignature);
  const codeEnd = signature?.offset ?? segment.fileOffset + segment.fileBytes;
  if (codeEnd < headBytes) throw new MachOFault('its code ends before its load commands do');
  return {
    headBytes,
    codeEnd,
    ...(signatureCommand && { signatureCommandAt: header.headerBytes + signatureCommand.at }),
    ...(signature && { signature }),
    linkedit: {
      commandAt: header.headerBytes + command.at,
      is64: command.id === commandIds.segment64,
      fileOffset: segment.fileOffset,
      vmBytes: segment.vmBytes,
    },
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
  const { littleEndian } = readMachHeader(head);
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
  const { commandCount, commandBytes } = readMachHeader(signed);
  put32(commandCount + 1, 16);
  put32(commandBytes + SIGNATURE_COMMAND_BYTES, 20);
  put32(commandIds.codeSignature, headBytes);
  put32(SIGNATURE_COMMAND_BYTES, headBytes + 4);
  return headBytes;
}

const roundedUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
