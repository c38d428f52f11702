import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleFacts, BundlePlatform } from '../../domain/bundle/index.ts';
import { codeRootOf } from '../../domain/bundle/nested-places.ts';
import { type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import { plainPath, readPlainFile } from './plain-file.ts';

const SIDECAR = 'app.entitlements';
const MAX_SIDECAR_BYTES = 4 * 1024 * 1024 + 1;

/**
 * Takes the entitlements that the compiler put beside the program out of the bundle: an instruction for signing, no
 * part of the product.
 *
 * @returns undefined when there are none
 * @throws ShipError PLIST_INVALID · BUNDLE_LINK_OUTSIDE; the file then stays
 */
export async function takeSidecarEntitlements(appPath: string): Promise<PlistDict | undefined> {
  const entitlements = await readSidecarEntitlements(appPath);
  if (entitlements) await rm(await plainPath(appPath, SIDECAR));
  return entitlements;
}

/** As `takeSidecarEntitlements`, but leaves them where they are. */
export async function readSidecarEntitlements(appPath: string): Promise<PlistDict | undefined> {
  const bytes = await readPlainFile(appPath, SIDECAR, MAX_SIDECAR_BYTES);
  return bytes && parsePlistDict(bytes, { name: SIDECAR, uniqueKeys: true });
}

/** https://developer.apple.com/documentation/technotes/tn3125-inside-code-signing-provisioning-profiles */
export const embeddedProfilePath = (platform: BundlePlatform): string =>
  platform === 'ios' ? 'embedded.mobileprovision' : 'Contents/embedded.provisionprofile';

/**
 * Removes the provisioning profile that the input carried: another signature would contradict it. Profiles of
 * nested bundles stay, nothing else could stand in for them.
 *
 * @returns true when there was one
 */
export async function removeEmbeddedProfile(
  appPath: string,
  { embeddedProfile }: Pick<BundleFacts, 'embeddedProfile'>,
): Promise<boolean> {
  if (embeddedProfile === undefined) return false;
  await rm(await plainPath(appPath, embeddedProfile), { force: true });
  return true;
}

/** The seal, and what a notarization of the old code left: a stapled ticket, or in old bundles a link to the seal. */
const OLD_SIGNATURE = ['_CodeSignature', 'CodeResources'];

/** Removes what an earlier signature left beside the code, in the bundle and in every bundle within. */
export async function removeOldSignatures(
  appPath: string,
  { infoPlist, nested }: Pick<BundleFacts, 'infoPlist' | 'nested'>,
): Promise<void> {
  for (const path of [infoPlist, ...nested.map((bundle) => bundle.infoPlist)]) {
    const folder = await plainPath(appPath, codeRootOf(path));
    for (const name of OLD_SIGNATURE) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Takes out what the Finder left where no seal covers it: a seal that holds for all of the bundle is worth more. */
export async function removeFinderLeftovers(
  appPath: string,
  { finderLeftovers }: Pick<BundleFacts, 'finderLeftovers'>,
): Promise<void> {
  for (const path of finderLeftovers) await rm(await plainPath(appPath, path), { force: true });
}
