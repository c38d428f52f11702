import type { Pieces } from '../../turns.ts';
import { isDict, type PlistDict, type PlistValue, parsePlist as parse, plistFormat } from '../plist/index.ts';
import { PlistBudget } from '../plist/limits.ts';
import { xmlPlistPieces } from '../plist/read-xml.ts';
import { malformed } from './malformed.ts';

/** 100,000 to 140,000 sealed files take as much, with paths of usual lengths. */
export const MAX_SEAL_BYTES = 32 * 1024 * 1024;
/** Three for each file; the shortest take 188 bytes together. */
const MAX_SEAL_VALUES = 600_000;
/** A path of 1024 characters, each written by its number, takes a seventh of it; requirements and rules are shorter. */
const MAX_SEAL_TEXT_CHARACTERS = 64 * 1024;

/** As the common reader of property lists, but what it refuses is SIGNATURE_MALFORMED, as all else here. */
export function parsePlist(bytes: Buffer, name: string): PlistValue {
  try {
    return parse(bytes, { name });
  } catch (error) {
    throw refused(name, error);
  }
}

/**
 * For CodeResources files: every file of a bundle is in there, so the common limit of size is too small. No tool writes a
 * path twice, and what is sealed must not depend on who reads it.
 */
export function* parseLargePlist(bytes: Buffer, name: string): Pieces<PlistValue> {
  if (bytes.length > MAX_SEAL_BYTES) throw malformed(name, `it has ${bytes.length} bytes`);
  if (plistFormat(bytes) === 'binary') return parsePlist(bytes, name);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return yield* xmlPlistPieces(text, {
      budget: new PlistBudget({ maxValues: MAX_SEAL_VALUES, maxUnfoldedBytes: MAX_SEAL_BYTES }),
      uniqueKeys: true,
      maxTextCharacters: MAX_SEAL_TEXT_CHARACTERS,
    });
  } catch (error) {
    throw refused(name, error);
  }
}

const refused = (name: string, cause: unknown): Error =>
  malformed(name, 'it is no property list, or too large', cause);

/** The value when it is a dictionary. */
export const asDictionary = (value: PlistValue | undefined): PlistDict | undefined =>
  isDict(value) ? value : undefined;
