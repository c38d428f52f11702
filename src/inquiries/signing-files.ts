import { parseProfile } from '../domain/profile/index.ts';
import { type PlistDict, parsePlistDict } from '../formats/plist/index.ts';
import type { SigningFilesCall } from '../run/channel/inquiries.ts';

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** @throws ShipError PLIST_INVALID */
export const entitlementsIn = ({ entitlementsBase64 }: SigningFilesCall): PlistDict | undefined =>
  entitlementsBase64 === undefined
    ? undefined
    : parsePlistDict(bytesOf(entitlementsBase64), { name: 'entitlements', uniqueKeys: true });

/** One that cannot be read is an error also where the signature would not use it. @throws ShipError PROFILE_INVALID */
export function requireProfile({ profileBase64 }: SigningFilesCall): void {
  if (profileBase64 !== undefined) parseProfile(bytesOf(profileBase64));
}

/** Refuses files that cannot be read before anybody is asked for a password. @throws ShipError as above */
export async function readSigningFiles(call: SigningFilesCall): Promise<void> {
  entitlementsIn(call);
  requireProfile(call);
}
