import { ShipError } from '../../errors.ts';
import { isAllZero } from '../code-signature/bytes.ts';
import {
  FAT_MAGIC_64,
  isFat,
  isMachO,
  MAX_HEADER_BYTES,
  type MachHeader,
  MIN_HEADER_BYTES,
  parseMachHeader,
} from './header.ts';
import { type LoadCommands, parseLoadCommands } from './load-commands.ts';
import { type ByteSource, type MachOFacts, MachOFault, type MachOSlice } from './types.ts';

/** The largest programs have some 100 KiB of load commands. */
const MAX_COMMAND_BYTES = 1024 * 1024;
/** Those of programs have a few kilobytes; it is read whole. */
const MAX_INFO_PLIST_BYTES = 1024 * 1024;
/** LC_CODE_SIGNATURE takes 16 bytes of the load commands. */
const SIGNATURE_COMMAND_BYTES = 16;
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
    if (isFat(start)) return { fat: true, slices: await inspectFat(source, start) };
    return { fat: false, slices: [await inspectSlice(source, 0, source.sizeBytes)] };
  } catch (error) {
    throw error instanceof MachOFault ? machOInvalid(name, error) : error;
  }
}

async function inspectFat(source: ByteSource, start: Buffer): Promise<MachOSlice[]> {
  const is64 = start.readUInt32BE(0) === FAT_MAGIC_64;
  const count = start.readUInt32BE(4);
  const entryBytes = is64 ? 32 : 20;
  const table = await readWithin(source, 8, count * entryBytes, 'its table of slices');
  const ranges: Range[] = [];
  for (let at = 0; at < table.length; at += entryBytes) {
    const offset = is64 ? Number(table.readBigUInt64BE(at + 8)) : table.readUInt32BE(at + 8);
    const sizeBytes = is64 ? Number(table.readBigUInt64BE(at + 16)) : table.readUInt32BE(at + 12);
    ranges.push({ offset, sizeBytes });
  }
  assertApart(ranges);
  const slices: MachOSlice[] = [];
  for (const { offset, sizeBytes } of ranges) slices.push(await inspectSlice(source, offset, sizeBytes));
  return slices;
}

type Range = Pick<MachOSlice, 'offset' | 'sizeBytes'>;

/** Slices that share bytes would be read once for each. */
function assertApart(ranges: readonly Range[]): void {
  let end = 0;
  for (const { offset, sizeBytes } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw new MachOFault('two of its slices overlap');
    end = offset + sizeBytes;
  }
}

async function inspectSlice(source: ByteSource, offset: number, sizeBytes: number): Promise<MachOSlice> {
  if (sizeBytes < MIN_HEADER_BYTES) throw new MachOFault('a slice is too short for a header');
  if (offset + sizeBytes > source.sizeBytes)
    throw new MachOFault('a slice reaches beyond the end of the file');
  const header = parseMachHeader(await source.read(offset, Math.min(MAX_HEADER_BYTES, sizeBytes)));
  if (!header) throw new MachOFault('a slice does not start with a Mach-O header');
  if (header.commandBytes > MAX_COMMAND_BYTES || header.headerBytes + header.commandBytes > sizeBytes)
    throw new MachOFault('its load commands do not fit into the file');
  const commands = parseLoadCommands(
    await source.read(offset + header.headerBytes, header.commandBytes),
    header,
  );
  checkExtents(header, commands, sizeBytes);
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

/** Debug symbols (dSYM) repeat the segments of a program that lies elsewhere. */
function checkExtents(
  header: MachHeader,
  { segments, signature, infoPlist }: LoadCommands,
  sizeBytes: number,
): void {
  if (header.fileType === 'dsym') return;
  const cut = segments.find((segment) => segment.fileOffset + segment.fileBytes > sizeBytes);
  if (cut) throw new MachOFault(`its segment ${JSON.stringify(cut.name)} reaches beyond the end of the file`);
  if (signature && signature.offset + signature.sizeBytes > sizeBytes)
    throw new MachOFault('its signature reaches beyond the end of the file');
  if (infoPlist && infoPlist.offset + infoPlist.sizeBytes > sizeBytes)
    throw new MachOFault('its Info.plist section reaches beyond the end of the file');
  if (infoPlist && infoPlist.sizeBytes > MAX_INFO_PLIST_BYTES)
    throw new MachOFault(`its Info.plist section has ${infoPlist.sizeBytes} bytes`);
}

const linkeditOf = ({ segments }: LoadCommands) => segments.find(({ name }) => name === '__LINKEDIT');

/** The signature is the end of __LINKEDIT, which must be the last segment, and has a load command of its own. */
function whyUnsealable(header: MachHeader, commands: LoadCommands): string | undefined {
  const linkedit = linkeditOf(commands);
  if (!linkedit) return 'it has no __LINKEDIT segment';
  const end = linkedit.fileOffset + linkedit.fileBytes;
  if (commands.segments.some(({ fileOffset, fileBytes }) => fileOffset + fileBytes > end))
    return '__LINKEDIT is not its last segment';
  const room = commands.firstSectionOffset - header.headerBytes - header.commandBytes;
  if (!commands.signature && room < SIGNATURE_COMMAND_BYTES) return 'its header has no room for a signature';
  return undefined;
}

/** A payload appended to a program (as some packers do) is cut off by signing, without a word. */
async function whatSigningDrops(
  source: ByteSource,
  commands: LoadCommands,
  offset: number,
  sizeBytes: number,
): Promise<string | undefined> {
  const linkedit = linkeditOf(commands);
  const end = linkedit ? linkedit.fileOffset + linkedit.fileBytes : sizeBytes;
  const trailingBytes = sizeBytes - end;
  if (trailingBytes === 0) return undefined;
  const padding = await source.read(offset + end, Math.min(trailingBytes, MAX_PADDING_BYTES));
  if (trailingBytes <= MAX_PADDING_BYTES && isAllZero(padding)) return undefined;
  return `${trailingBytes} bytes follow its __LINKEDIT segment, which signing would drop`;
}

async function readWithin(source: ByteSource, offset: number, length: number, what: string): Promise<Buffer> {
  if (offset + length > source.sizeBytes) throw new MachOFault(`${what} reaches beyond the end of the file`);
  return source.read(offset, length);
}

const machOInvalid = (name: string, fault: MachOFault): ShipError =>
  new ShipError('MACHO_INVALID', {
    summary: `The program file "${name}" is damaged.`,
    reason: `It starts as a Mach-O file, but ${fault.message}.`,
    nextStep: 'Build the bundle again and try again.',
    cause: fault,
  });
