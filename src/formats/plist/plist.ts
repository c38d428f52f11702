import { MAX_PLIST_BYTES, PlistBudget, PlistFault, plistInvalid } from './limits.ts';
import { readBinaryPlist } from './read-binary.ts';
import { readXmlPlist } from './read-xml.ts';
import { isDict, type PlistDict, type PlistValue } from './value.ts';
import { writeBinaryPlist } from './write-binary.ts';
import { writeXmlPlist } from './write-xml.ts';

export type PlistFormat = 'xml' | 'binary';

export interface ParseOptions {
  /** What the file is called in an error: a path relative to the bundle, never of this host. */
  readonly name: string;
  /** What several files may hold together; each has one of its own when left out. */
  readonly budget?: PlistBudget;
  /**
   * Refuses a dict of an XML file with a key that is there twice. Core Foundation takes the last one, and so does this
   * reader; not every program does, so it is no reading for what a system grants rights by.
   */
  readonly uniqueKeys?: boolean;
}

/** Which of the two forms it is; says nothing about its soundness. */
export const plistFormat = (bytes: Buffer): PlistFormat =>
  bytes.subarray(0, 8).toString('latin1') === 'bplist00' ? 'binary' : 'xml';

/**
 * Reads a property list of Apple's two current forms. XML may be UTF-8 or, with a byte order mark, UTF-16; the
 * old OpenStep form (`{ key = value; }`) and JSON are refused.
 *
 * @throws ShipError PLIST_INVALID, also for what is merely too large, too deep or too many
 */
export function parsePlist(bytes: Buffer, options: ParseOptions): PlistValue {
  return namingFaults(options.name, () => {
    if (bytes.length > MAX_PLIST_BYTES) throw new PlistFault(`It is larger than ${MAX_PLIST_BYTES} bytes`);
    const { budget = new PlistBudget(), uniqueKeys = false } = options;
    if (plistFormat(bytes) === 'binary') return readBinaryPlist(bytes, budget);
    return readXmlPlist(decodeXml(bytes), { budget, uniqueKeys });
  });
}

/** As `parsePlist`, for files whose root must be a dict, as it is in all that a bundle is configured with. */
export function parsePlistDict(bytes: Buffer, options: ParseOptions): PlistDict {
  const value = parsePlist(bytes, options);
  if (!isDict(value)) throw plistInvalid(options.name, new PlistFault('Its root is not a dict'));
  return value;
}

/** @throws ShipError PLIST_INVALID when the form cannot hold a value, e.g. a control character in XML */
export function buildPlist(
  value: PlistValue,
  format: PlistFormat,
  options: ParseOptions = { name: 'plist' },
): Buffer {
  return namingFaults(options.name, () =>
    format === 'binary' ? writeBinaryPlist(value) : writeXmlPlist(value),
  );
}

/**
 * True when other tools read it as well: rcodesign 0.29.0 takes no UTF-16 (`parsing Info.plist`, exit 1).
 */
export const isPortablePlist = (bytes: Buffer): boolean =>
  plistFormat(bytes) === 'binary' || (bytes[0] === 0x3c && bytes[1] !== 0);

function decodeXml(bytes: Buffer): string {
  if (bytes.length === 0) throw new PlistFault('It is empty');
  const text = decodeText(bytes).replace(/\r\n?/g, '\n');
  if (/^\s*[{(]/.test(text))
    throw new PlistFault('It is JSON or an old-style (OpenStep) plist, not XML or binary');
  if (!/^\s*</.test(text)) throw new PlistFault('It is neither an XML nor a binary plist');
  return text;
}

function decodeText(bytes: Buffer): string {
  const encoding = encodingOf(bytes);
  try {
    // a byte order mark is dropped by the decoder
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new PlistFault(`It is not valid ${encoding.toUpperCase()} text`, { cause: error });
  }
}

function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const name = declaredEncoding(bytes.subarray(0, 256).toString('latin1')) ?? 'utf-8';
  if (!['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(name))
    throw new PlistFault(
      `It declares the encoding ${JSON.stringify(name)}; UTF-8 is needed, or UTF-16 with a byte order mark`,
    );
  return 'utf-8';
}

/** What `<?xml version="1.0" encoding="…"?>` says. */
function declaredEncoding(start: string): string | undefined {
  const [declaration = ''] = start.trimStart().split('>', 1);
  if (!declaration.startsWith('<?xml')) return undefined;
  return /encoding=["']([^"']+)["']/.exec(declaration)?.[1]?.toLowerCase();
}

function namingFaults<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof PlistFault ? plistInvalid(name, error) : error;
  }
}
