import { ShipError } from '../../errors.ts';
import { isAllZero } from '../code-signature/bytes.ts';
import { isFat, isMachO, MAX_HEADER_BYTES, type MachHeader, MIN_HEADER_BYTES } from './header.ts';
import { readCommands, readMachHeader } from './layout.ts';
import type { LoadCommands } from './load-commands.ts';
import { FAT_HEADER_BYTES, type SliceRange, sliceRanges } from './slices.ts';
import { type ByteSource, type MachOFacts, MachOFault, type MachOSlice } from './types.ts';
import { sealedEnd, whyUnsealable } from './why-unsealable.ts';

/** Those of programs have a few kilobytes; it is read whole. */
const MAX_INFO_PLIST_BYTES = 1024 * 1024;
/** What linkers and lipo leave behind __LINKEDIT is padding of at most a few pages. */
const MAX_PADDING_BYTES = 64 * 1024;

/**
 * Reads the headers of a Mach-O file: some kilobytes, whatever its size.
 *
 * @param name - path relative to the bundle, for the error
 * @returns undefined when it is no Mach-O file at all
 * @throws ShipError MACHO_INVALID when it is one but truncated or malformed
 */
export async function inspectMachO(
  source: ByteSource,
  { name }: { name: string },
): Promise<MachOFacts | undefined> {
  const start = await source.read(0, Math.min(MAX_HEADER_BYTES, source.sizeBytes));
  if (!isMachO(start)) return undefined;
  try {
    if (isFat(start)) return { fat: true, slices: await inspectFat(source) };
    return { fat: false, slices: [await inspectSlice(source, { offset: 0, sizeBytes: source.sizeBytes })] };
  } catch (error) {
    throw error instanceof MachOFault ? machOInvalid(name, error) : error;
  }
}

async function inspectFat(source: ByteSource): Promise<MachOSlice[]> {
  const head = await source.read(0, Math.min(FAT_HEADER_BYTES, source.sizeBytes));
  const ranges = sliceRanges(head, source.sizeBytes);
  const kinds = ranges.map(({ claimedCpu }) => `${claimedCpu?.type} ${claimedCpu?.subtype}`);
  if (new Set(kinds).size !== kinds.length) throw new MachOFault('it holds one architecture twice');
  const slices: MachOSlice[] = [];
  for (const range of ranges) slices.push(await inspectSlice(source, range));
  return slices;
}

async function inspectSlice(source: ByteSource, range: SliceRange): Promise<MachOSlice> {
  const { offset, sizeBytes } = range;
  if (sizeBytes < MIN_HEADER_BYTES) throw new MachOFault('a slice is too short for a header');
  const header = readMachHeader(await source.read(offset, Math.min(MAX_HEADER_BYTES, sizeBytes)));
  const headBytes = header.headerBytes + header.commandBytes;
  if (headBytes > sizeBytes) throw new MachOFault('its load commands do not fit into the file');
  const commands = readCommands(await source.read(offset, headBytes), range);
  const { infoPlist } = commands;
  if (infoPlist && infoPlist.sizeBytes > MAX_INFO_PLIST_BYTES && header.fileType !== 'dsym')
    throw new MachOFault(`its Info.plist section has ${infoPlist.sizeBytes} bytes`);
  const unsealableReason =
    whyUnsealable(header, commands) ?? (await whatSigningDrops(source, commands, offset, sizeBytes));
  return describeSlice(header, commands, { offset, sizeBytes, unsealableReason });
}

interface SliceExtent {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly unsealableReason: string | undefined;
}

function describeSlice(header: MachHeader, commands: LoadCommands, extent: SliceExtent): MachOSlice {
  const { offset, sizeBytes, unsealableReason } = extent;
  return {
    offset,
    sizeBytes,
    architecture: header.architecture,
    fileType: header.fileType,
    builds: commands.builds,
    ...(commands.signature && { signature: commands.signature }),
    encrypted: commands.encrypted,
    positionIndependent: header.positionIndependent,
    dylibs: commands.dylibs,
    ...(commands.infoPlist && { infoPlist: commands.infoPlist }),
    ...(unsealableReason && { unsealableReason }),
  };
}

/** A payload appended to a program (as some packers do) is cut off by signing, without a word. */
async function whatSigningDrops(
  source: ByteSource,
  commands: LoadCommands,
  offset: number,
  sizeBytes: number,
): Promise<string | undefined> {
  const end = sealedEnd(commands) ?? sizeBytes;
  const trailingBytes = sizeBytes - end;
  if (trailingBytes === 0) return undefined;
  const padding = await source.read(offset + end, Math.min(trailingBytes, MAX_PADDING_BYTES));
  if (trailingBytes <= MAX_PADDING_BYTES && isAllZero(padding)) return undefined;
  return `${trailingBytes} bytes follow its __LINKEDIT segment, which signing would drop`;
}

const machOInvalid = (name: string, fault: MachOFault): ShipError =>
  new ShipError('MACHO_INVALID', {
    summary: `The program file "${name}" is damaged.`,
    reason: `It starts as a Mach-O file, but ${fault.message}.`,
    nextStep: 'Build the bundle again and try again.',
    cause: fault,
  });
