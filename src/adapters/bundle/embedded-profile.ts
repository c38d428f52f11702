import type { BundleFacts } from '../../domain/bundle/index.ts';
import { replaceFile } from './plain-file.ts';

/** Where the system looks for the profile of an app: at the top on iOS, in `Contents` on macOS. */
const PLACES = { flat: 'embedded.mobileprovision', deep: 'Contents/embedded.provisionprofile' } as const;

/** Writes a provisioning profile into a bundle, byte for byte, never through a link. */
export function writeEmbeddedProfile(
  appPath: string,
  { layout }: Pick<BundleFacts, 'layout'>,
  profile: Buffer,
): Promise<void> {
  return replaceFile(appPath, PLACES[layout], profile);
}
