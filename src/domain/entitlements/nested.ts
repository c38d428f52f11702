import { newDict, type PlistDict, type PlistValue } from '../../formats/plist/index.ts';
import type { ProvisioningProfile } from '../profile/index.ts';
import { iosEntitlements } from './ios.ts';

export interface NestedEntitlementsInput {
  readonly platform: 'macos' | 'ios';
  /** Of the nested bundle. */
  readonly bundleId: string;
  /** What its executable was signed with before. */
  readonly existing?: PlistDict;
  readonly teamId?: string;
  /** iOS: the one in the nested bundle. */
  readonly profile?: ProvisioningProfile;
  /**
   * For the Mac App Store, which wants every program in a sandbox: one of its own, or that of the app that starts
   * it, which only a helper without other wishes can share.
   */
  readonly sandbox?: 'own' | 'inherited';
}

const FREE_PREFIX = 'com.apple.security.';
const DEBUGGING = 'com.apple.security.get-task-allow';

/**
 * Entitlements of a nested app, extension or XPC service: on macOS what it had, as far as no profile is needed for
 * it, and never the permission to debug; on iOS who it is, and of what it had as much as its own profile allows.
 */
export function nestedEntitlements({
  platform,
  bundleId,
  existing,
  teamId,
  sandbox,
  profile,
}: NestedEntitlementsInput): PlistDict {
  if (platform === 'ios')
    return iosEntitlements({
      platform,
      plan: { distribution: 'direct' },
      manifest: { entitlements: [], iosCapabilities: [] },
      bundleId,
      // without a profile nothing but the identity is permitted
      ...(profile && { profile, ...(existing && { sidecar: existing }) }),
      ...(teamId !== undefined && { teamId }),
    }).entitlements;
  const kept = Object.entries(existing ?? {}).filter(
    ([key]) => key.startsWith(FREE_PREFIX) && key !== DEBUGGING,
  );
  return newDict([...kept, ...missingSandbox(sandbox, kept)]);
}

const SANDBOX = 'com.apple.security.app-sandbox';
const INHERIT = 'com.apple.security.inherit';
type Entry = readonly [string, PlistValue];

function missingSandbox(
  sandbox: NestedEntitlementsInput['sandbox'],
  kept: readonly Entry[],
): readonly Entry[] {
  if (sandbox === undefined || kept.some(([key, value]) => key === SANDBOX && value === true)) return [];
  return [
    [SANDBOX, true],
    ...(sandbox === 'inherited' && kept.length === 0 ? [[INHERIT, true] as const] : []),
  ];
}
