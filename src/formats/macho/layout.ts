import { type Cpu, MAX_HEADER_BYTES, type MachHeader, parseMachHeader } from './header.ts';
import { type Extent, type LoadCommands, parseLoadCommands } from './load-commands.ts';
import { checkClaimedCpu, type SliceRange } from './slices.ts';
import { MachOFault } from './types.ts';

/** The largest programs have some 100 KiB of load commands. */
const MAX_COMMAND_BYTES = 1024 * 1024;

/** What of a slice matters for its signature. Offsets count from the start of the slice. */
export interface SliceLayout {
  readonly architecture: string;
  readonly cpu: Cpu;
  /** MH_EXECUTE 2, MH_DYLIB 6, MH_BUNDLE 8, … */
  readonly fileType: number;
  /** LC_CODE_SIGNATURE; absent when nothing was ever signed and no room was reserved. */
  readonly signature?: Extent;
  /** Of the SDKs that it was linked with, packed as in a CodeDirectory; the hardened runtime follows them. */
  readonly sdkVersions: readonly number[];
  /** The section __TEXT,__info_plist of a tool without a bundle. */
  readonly embeddedInfoPlist?: Extent;
  readonly textSegment?: Extent;
}

/**
 * The header of a slice.
 *
 * @param start - its first bytes, `MAX_HEADER_BYTES` or all of it
 * @throws MachOFault
 */
export function readMachHeader(start: Buffer): MachHeader {
  const header = parseMachHeader(start);
  if (!header) throw new MachOFault('a slice does not start with a Mach-O header');
  if (header.commandBytes > MAX_COMMAND_BYTES)
    throw new MachOFault(`its load commands take ${header.commandBytes} bytes`);
  return header;
}

/** Bytes of header and load commands of a slice, by its first `MAX_HEADER_BYTES`. @throws MachOFault */
export function headBytesOf(start: Buffer): number {
  const { headerBytes, commandBytes } = readMachHeader(start);
  return headerBytes + commandBytes;
}

/**
 * The load commands of a slice. What they name lies in the slice; in debug symbols (dSYM), which repeat the segments of
 * a program that lies elsewhere, it need not.
 *
 * @param head - the slice up to the end of its load commands
 * @throws MachOFault
 */
export function readCommands(head: Buffer, range: SliceRange): LoadCommands {
  const header = readMachHeader(head.subarray(0, MAX_HEADER_BYTES));
  const { headerBytes, commandBytes } = header;
  if (headerBytes + commandBytes > Math.min(head.length, range.sizeBytes))
    throw new MachOFault('its load commands do not fit into the file');
  checkClaimedCpu(range, header.cpu);
  const commands = parseLoadCommands(head.subarray(headerBytes, headerBytes + commandBytes), header);
  if (header.fileType !== 'dsym') checkExtents(commands, range.sizeBytes);
  return commands;
}

function checkExtents(commands: LoadCommands, sizeBytes: number): void {
  const { segments, tables, signature, infoPlist } = commands;
  const cut = segments.find((segment) => segment.fileOffset + segment.fileBytes > sizeBytes);
  if (cut) throw new MachOFault(`its segment ${JSON.stringify(cut.name)} reaches beyond the end of the file`);
  const isCut = (extent: Extent): boolean => extent.offset + extent.sizeBytes > sizeBytes;
  if (tables.some(isCut)) throw new MachOFault('its table of symbols reaches beyond the end of the file');
  if (signature && isCut(signature)) throw new MachOFault('its signature reaches beyond the end of the file');
  if (infoPlist && isCut(infoPlist))
    throw new MachOFault('its Info.plist section reaches beyond the end of the file');
}

/** What the check of a signature goes by. @param head - as for `readCommands`. @throws MachOFault */
export function readLayout(head: Buffer, range: SliceRange): SliceLayout {
  const { cpu, architecture, fileTypeNumber } = readMachHeader(head.subarray(0, MAX_HEADER_BYTES));
  const { segments, signature, infoPlist, sdkVersions } = readCommands(head, range);
  const text = segments.find(({ name }) => name === '__TEXT');
  return {
    architecture,
    cpu,
    fileType: fileTypeNumber,
    sdkVersions,
    ...(signature && { signature }),
    ...(infoPlist && { embeddedInfoPlist: infoPlist }),
    ...(text && { textSegment: { offset: text.fileOffset, sizeBytes: text.fileBytes } }),
  };
}
