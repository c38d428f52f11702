import type { MachHeader } from './header.ts';
import type { LoadCommands, Segment } from './load-commands.ts';

/** LC_CODE_SIGNATURE takes 16 bytes of the load commands. */
const SIGNATURE_COMMAND_BYTES = 16;

/**
 * Why rcodesign 0.29.0 could not put a signature into this slice, or would change more than the signature: that is the
 * end of __LINKEDIT, which must be the last segment, and has a load command of its own.
 */
export function whyUnsealable(header: MachHeader, commands: LoadCommands): string | undefined {
  const [text, linkedit] = [segmentOf(commands, '__TEXT'), segmentOf(commands, '__LINKEDIT')];
  if (!text) return 'it has no __TEXT segment';
  if (text.fileOffset !== 0) return 'its __TEXT segment does not begin where the file does';
  if (text.fileBytes < header.headerBytes + header.commandBytes)
    return 'its __TEXT segment ends before its load commands do';
  const [symbols, names] = commands.tables;
  if (symbols && names && names.offset < symbols.offset) return 'the names of its symbols lie before them';
  if (!linkedit) return 'it has no __LINKEDIT segment';
  const end = endOf(linkedit);
  if (commands.segments.some((segment) => endOf(segment) > end)) return '__LINKEDIT is not its last segment';
  if (commands.signature) return whyMisplaced(commands.signature, linkedit);
  const room = commands.firstSectionOffset - header.headerBytes - header.commandBytes;
  return room < SIGNATURE_COMMAND_BYTES ? 'its header has no room for a signature' : undefined;
}

/** What lies behind a signature would be cut off with it. */
function whyMisplaced(
  { offset, sizeBytes }: NonNullable<LoadCommands['signature']>,
  linkedit: Segment,
): string | undefined {
  const isInside = offset >= linkedit.fileOffset && offset + sizeBytes <= endOf(linkedit);
  return isInside && sizeBytes > 0 ? undefined : 'the signature that it has does not lie in __LINKEDIT';
}

/** Up to where signing keeps the bytes of a slice, the present signature included. */
export function sealedEnd(commands: LoadCommands): number | undefined {
  const linkedit = segmentOf(commands, '__LINKEDIT');
  if (commands.signature) return commands.signature.offset + commands.signature.sizeBytes;
  return linkedit && endOf(linkedit);
}

const segmentOf = ({ segments }: LoadCommands, wanted: string): Segment | undefined =>
  segments.find(({ name }) => name === wanted);

const endOf = ({ fileOffset, fileBytes }: Segment): number => fileOffset + fileBytes;
