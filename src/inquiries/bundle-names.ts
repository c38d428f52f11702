import type { BundleNames } from '../domain/manifest/index.ts';
import { type PlistDict, stringAt } from '../formats/plist/index.ts';

/** What an Info.plist says of its bundle, as far as it is text. */
export function namesIn(info: PlistDict): BundleNames {
  const bundleId = stringAt(info, 'CFBundleIdentifier');
  const version = stringAt(info, 'CFBundleVersion');
  const shortVersion = stringAt(info, 'CFBundleShortVersionString');
  return {
    ...(bundleId !== undefined && { bundleId }),
    ...(version !== undefined && { version }),
    ...(shortVersion !== undefined && { shortVersion }),
  };
}
