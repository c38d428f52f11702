import { type ParseOptions, type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import { readMachOSignature } from './read-signature.ts';

/**
 * The entitlements that a Mach-O was signed with before, so that an app keeps the permissions it was built for.
 * A file without a signature, or with one that cannot be read, has none: it is signed anew in any case.
 *
 * @param onBytes - told their size before they are read; gives the budget to read them under, and throws when they
 *   are too much
 */
export async function readExistingEntitlements(
  path: string,
  onBytes: (bytes: number) => ParseOptions['budget'] = () => undefined,
): Promise<PlistDict | undefined> {
  const xml = await entitlementsXml(path);
  if (xml === undefined) return undefined;
  const bytes = Buffer.from(xml);
  const budget = onBytes(bytes.length);
  try {
    return parsePlistDict(bytes, { name: 'entitlements', uniqueKeys: true, ...(budget && { budget }) });
  } catch {
    return undefined;
  }
}

async function entitlementsXml(path: string): Promise<string | undefined> {
  try {
    const { slices } = await readMachOSignature(path);
    return slices.map(({ signature }) => signature?.entitlementsXml).find((text) => text !== undefined);
  } catch {
    return undefined;
  }
}
