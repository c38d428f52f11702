import { wording } from '../../../machines/contracts/wording.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import { type PlistDict, stringAt } from '../../formats/plist/index.ts';
import { words } from '../../words.ts';

/** @throws ShipError BUNDLE_INFO_PLIST_INCOMPLETE · BUNDLE_ID_MISMATCH */
export function bundleIdOf(info: PlistDict, infoPlist: string, expected?: string): string {
  const bundleId = stringAt(info, 'CFBundleIdentifier') ?? '';
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(bundleId)) throw incomplete(infoPlist, 'CFBundleIdentifier', bundleId);
  if (expected === undefined || expected === bundleId) return bundleId;
  throw new ShipError('BUNDLE_ID_MISMATCH', {
    summary: `The app is expected to be ${shown(expected)}, but the bundle says it is ${shown(bundleId)}.`,
    reason: wording`${words.expectedBundleId} and CFBundleIdentifier in ${infoPlist} differ.`,
    nextStep: wording`${words.oneBundleId}, then try again.`,
  });
}

/**
 * CFBundleExecutable as a bare file name.
 *
 * @throws ShipError BUNDLE_INFO_PLIST_INCOMPLETE
 */
export function executableNameOf(info: PlistDict, infoPlist: string): string {
  const name = stringAt(info, 'CFBundleExecutable') ?? '';
  const isFileName =
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !['/', '\\', '\0'].some((character) => name.includes(character));
  if (!isFileName) throw incomplete(infoPlist, 'CFBundleExecutable', name);
  return name;
}

const incomplete = (infoPlist: string, key: string, value: string): ShipError =>
  new ShipError('BUNDLE_INFO_PLIST_INCOMPLETE', {
    summary: `${shown(infoPlist)} has no usable ${key}.`,
    reason: value === '' ? 'The key is missing, empty or no string.' : `Its value is ${shown(value)}.`,
    nextStep: `Build the bundle with a valid ${key} and try again.`,
  });
