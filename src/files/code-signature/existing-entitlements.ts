import { type ParseOptions, type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import { readMachOSignature } from './read-signature.ts';

/**
 * The entitlements that a Mach-O was signed with before, so that an app keeps the permissions it was built for: those of
 * its first architecture that has any. A file without a signature, or with one that cannot be read, has none: it is
 * signed anew in any case.
 *
 * @param onBytes - told their size before they are read; gives the budget to read them under, and throws when they
 *   are too much
 * @throws ShipError PLIST_INVALID for those of any architecture
 */
export async function readExistingEntitlements(
  path: string,
  onBytes: (bytes: number) => ParseOptions['budget'] = () => undefined,
): Promise<PlistDict | undefined> {
  const [first] = [...(await entitlementTexts(path))].map((xml) => {
    const bytes = Buffer.from(xml);
    const budget = onBytes(bytes.length);
    return parsePlistDict(bytes, { name: 'entitlements', uniqueKeys: true, ...(budget && { budget }) });
  });
  return first;
}

async function entitlementTexts(path: string): Promise<ReadonlySet<string>> {
  try {
    const { slices } = await readMachOSignature(path);
    return new Set(slices.flatMap(({ signature }) => signature?.entitlementsXml ?? []));
  } catch {
    return new Set();
  }
}
