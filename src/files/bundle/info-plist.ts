import type { BundleFacts } from '../../domain/bundle/index.ts';
import { ShipError } from '../../errors.ts';
import {
  buildPlist,
  isPortablePlist,
  type PlistDict,
  type PlistFormat,
  parsePlistDict,
  plistEquals,
  plistFormat,
} from '../../formats/plist/index.ts';
import { readPlainFile, replaceFile } from './plain-file.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;

type InfoFacts = Pick<BundleFacts, 'infoPlist' | 'platform'>;

/** @throws ShipError PLIST_INVALID · BUNDLE_LINK_OUTSIDE */
export async function readInfoPlist(appPath: string, facts: InfoFacts): Promise<PlistDict> {
  return parsePlistDict(await readBytes(appPath, facts), { name: facts.infoPlist });
}

export interface WriteInfoOptions {
  /** `keep` is the format of the file that is there; else by platform, as Xcode does it: binary on iOS, XML on macOS. */
  readonly format?: PlistFormat | 'keep';
}

/**
 * Replaces Info.plist in one step (in the binary form where XML cannot hold a value), and reads the new bytes back before. A file that already says the same in the
 * same format stays as it is, byte for byte, unless other tools cannot read it (UTF-16).
 *
 * @returns true when the file was written
 * @throws ShipError PLIST_INVALID when the format cannot hold a value · BUNDLE_LINK_OUTSIDE
 */
export async function writeInfoPlist(
  appPath: string,
  facts: InfoFacts,
  info: PlistDict,
  { format = facts.platform === 'ios' ? 'binary' : 'xml' }: WriteInfoOptions = {},
): Promise<boolean> {
  const name = facts.infoPlist;
  const present = await readBytes(appPath, facts);
  const wanted = format === 'keep' ? plistFormat(present) : format;
  const isSame = plistFormat(present) === wanted && plistEquals(parsePlistDict(present, { name }), info);
  if (isSame && isPortablePlist(present)) return false;
  const bytes = buildIn(wanted, info, name);
  parsePlistDict(bytes, { name });
  await replaceFile(appPath, name, bytes);
  return true;
}

/** A control character or a date beyond the year 9999 has no form in XML; the binary form holds both. */
function buildIn(format: PlistFormat, info: PlistDict, name: string): Buffer {
  try {
    return buildPlist(info, format, { name });
  } catch (error) {
    if (format === 'binary' || !(error instanceof ShipError)) throw error;
    return buildPlist(info, 'binary', { name });
  }
}

const readBytes = async (appPath: string, { infoPlist }: InfoFacts): Promise<Buffer> =>
  (await readPlainFile(appPath, infoPlist, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
