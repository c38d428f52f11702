import { ShipError } from '../../errors.ts';
import type { SigningRecord } from './stderr-watch.ts';

/**
 * rcodesign 0.29.0 ends with exit code 0 in three cases in which the signature is not what was asked for: it read no
 * key and signed ad hoc, it left files out of the seal, or it found no main executable to carry the seal.
 *
 * @throws ShipError SIGN_KEY_REJECTED · SIGN_UNSEALED · SIGN_BINARY_UNSUITABLE
 */
export function refuseSilentFailures(name: string, withKey: boolean, record: SigningRecord): void {
  if (withKey && !record.keyRegistered) throw noKey(name);
  if (record.unsealedCount > 0) throw unsealed(name, record);
  if (record.mainExecutableMissing) throw noMainExecutable(name);
}

const noKey = (name: string): ShipError =>
  new ShipError('SIGN_KEY_REJECTED', {
    summary: `${name} was not signed with the identity: no private key could be read from it.`,
    reason: 'The signing tool found no key and would have made an ad hoc signature.',
    nextStep: 'Export the identity again as a .p12 file that holds its private key, and use that.',
  });

/**
 * Apple's codesign signs such a file by extended attributes, which do not survive an archive; the documented
 * way is to keep data out of the folders for code.
 * https://developer.apple.com/documentation/bundleresources/placing-content-in-a-bundle
 */
const unsealed = (name: string, { unsealed: files, unsealedCount }: SigningRecord): ShipError => {
  const others = unsealedCount > 1 ? ` and ${unsealedCount - 1} more` : '';
  return new ShipError('SIGN_UNSEALED', {
    summary: `${name} cannot be sealed: "${files[0]}"${others} would not be covered by its signature.`,
    reason:
      'In the folders for code every file must be a Mach-O binary and every folder with a dot a bundle with a main executable.',
    nextStep:
      'Move scripts and data to Contents/Resources (or to the top level of an iOS app) and try again.',
    detail: { files, unsealedCount },
  });
};

const noMainExecutable = (name: string): ShipError =>
  new ShipError('SIGN_BINARY_UNSUITABLE', {
    summary: `${name} cannot be signed: it has no main executable.`,
    reason: 'The file that CFBundleExecutable names does not exist, or the key is missing.',
    nextStep: 'Put the executable where CFBundleExecutable says, and try again.',
  });
