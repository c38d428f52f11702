import type { BundleFacts } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { readPlainFile, replaceFile } from './plain-file.ts';

/** Where the system looks for the profile of an app: at the top on iOS, in `Contents` on macOS. */
const PLACES = { flat: 'embedded.mobileprovision', deep: 'Contents/embedded.provisionprofile' } as const;

/**
 * Writes a provisioning profile into a bundle, byte for byte, never through a link.
 *
 * @param inside - path of the nested bundle that it is for; the app itself when left out
 */
export function writeEmbeddedProfile(
  appPath: string,
  { layout }: Pick<BundleFacts, 'layout'>,
  profile: Buffer,
  inside = '',
): Promise<void> {
  return replaceFile(appPath, joined(inside, PLACES[layout]), profile);
}

/** The reader of profiles says itself what is too much. */
const MAX_PROFILE_BYTES = 1024 * 1024 + 1;

/** The profile in a nested bundle of an iOS app, if there is one. */
export const readEmbeddedProfile = (appPath: string, inside: string): Promise<Buffer | undefined> =>
  readPlainFile(appPath, joined(inside, PLACES.flat), MAX_PROFILE_BYTES);
