import { isDict, type PlistDict, type PlistValue, parsePlist as parse, plistFormat } from '../plist/index.ts';
import { readXmlPlist } from '../plist/read-xml.ts';
import { malformed } from './malformed.ts';

/** 30,000 to 60,000 sealed files take as much. */
const MAX_SEAL_BYTES = 32 * 1024 * 1024;

/** As the common reader of property lists, but what it refuses is SIGNATURE_MALFORMED, as all else here. */
export const parsePlist = (bytes: Buffer, name: string): PlistValue =>
  refusing(name, () => parse(bytes, { name }));

/**
 * For CodeResources files: every file of a bundle is in there, so the common limit of size is too small. No tool writes a
 * path twice, and what is sealed must not depend on who reads it.
 */
export const parseLargePlist = (bytes: Buffer, name: string): PlistValue => {
  if (bytes.length > MAX_SEAL_BYTES) throw malformed(name, `it has ${bytes.length} bytes`);
  if (plistFormat(bytes) === 'binary') return parsePlist(bytes, name);
  return refusing(name, () => {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return readXmlPlist(text, { uniqueKeys: true });
  });
};

function refusing(name: string, read: () => PlistValue): PlistValue {
  try {
    return read();
  } catch (error) {
    throw malformed(name, 'it is no property list, or too large', error);
  }
}

/** The value when it is a dictionary. */
export const asDictionary = (value: PlistValue | undefined): PlistDict | undefined =>
  isDict(value) ? value : undefined;
