import { type PlistDict, parsePlistDict } from '../../domain/plist/index.ts';
import { readMachOSignature } from './read-signature.ts';

/**
 * The entitlements that a Mach-O was signed with before, so that an app keeps the permissions it was built for.
 * A file without a signature, or with one that cannot be read, has none: it is signed anew in any case.
 */
export async function readExistingEntitlements(path: string): Promise<PlistDict | undefined> {
  try {
    const { slices } = await readMachOSignature(path);
    const xml = slices.map(({ signature }) => signature?.entitlementsXml).find((text) => text !== undefined);
    return xml === undefined ? undefined : parsePlistDict(Buffer.from(xml), { name: 'entitlements' });
  } catch {
    return undefined;
  }
}
