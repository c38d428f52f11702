import type { PlistDict } from '../../formats/plist/index.ts';

/**
 * A provisioning profile: Apple's permission, for one team, to run an app with certain entitlements, signed with
 * certain certificates, on certain devices.
 *
 * @see https://developer.apple.com/documentation/technotes/tn3125-inside-code-signing-provisioning-profiles
 */
export interface ProvisioningProfile {
  readonly name: string;
  readonly uuid: string;
  /** The first one is the team. */
  readonly teamIds: readonly string[];
  /** `iOS`, `OSX`, `tvOS`, `xrOS`, …; empty in old profiles. */
  readonly platforms: readonly string[];
  readonly expiresAt: Date;
  /** Prefix and bundle identifier, e.g. `A1B2C3D4E5.com.example.*`. */
  readonly applicationIdentifier: string;
  /** Usually the team id; older accounts have another one. */
  readonly prefix: string;
  /** What comes after the prefix: a bundle identifier, or a pattern with `*` at its end. */
  readonly bundleIdPattern: string;
  /** DER. */
  readonly developerCertificates: readonly Buffer[];
  /** Undefined when the profile has no list of devices. */
  readonly deviceCount: number | undefined;
  readonly provisionsAllDevices: boolean;
  /** What the app may ask for, not what it gets. */
  readonly entitlements: PlistDict;
}

export type ProfileKind = 'development' | 'ad-hoc' | 'store' | 'enterprise' | 'developer-id';

export function profileKind(profile: ProvisioningProfile): ProfileKind {
  const forMac = isForMac(profile);
  if (profile.provisionsAllDevices) return forMac ? 'developer-id' : 'enterprise';
  if (profile.deviceCount === undefined) return 'store';
  return forMac || profile.entitlements['get-task-allow'] === true ? 'development' : 'ad-hoc';
}

/** `*` covers every identifier, `com.example.*` those that go on after the dot. */
export function coversBundleId(
  { bundleIdPattern }: Pick<ProvisioningProfile, 'bundleIdPattern'>,
  bundleId: string,
): boolean {
  if (!bundleIdPattern.endsWith('*')) return bundleIdPattern === bundleId;
  const start = bundleIdPattern.slice(0, -1);
  return bundleId.startsWith(start) && bundleId.length > start.length;
}

/** Profiles made before the list of platforms existed are told apart by the name of one entitlement. */
export const isForMac = (profile: ProvisioningProfile): boolean =>
  profile.platforms.length > 0
    ? profile.platforms.includes('OSX')
    : Object.hasOwn(profile.entitlements, 'com.apple.application-identifier');

export const isForIos = (profile: ProvisioningProfile): boolean =>
  profile.platforms.length > 0
    ? profile.platforms.includes('iOS')
    : Object.hasOwn(profile.entitlements, 'application-identifier');
