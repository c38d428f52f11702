import type { BundlePlatform, NestedBundle } from '../bundle/index.ts';
import { coversBundleId, type ProvisioningProfile } from './profile.ts';

/** What runs on a device, or is taken by the store, only with a provisioning profile of its own. */
export const needsOwnProfile = (platform: BundlePlatform, { kind }: Pick<NestedBundle, 'kind'>): boolean =>
  platform === 'ios' && (kind === 'appex' || kind === 'app');

/**
 * Nested bundles that brought no profile and that the app's own covers, because its application identifier ends in
 * `*`: a copy goes into each.
 */
export const sharingProfile = (
  platform: BundlePlatform,
  nested: readonly NestedBundle[],
  profile: Pick<ProvisioningProfile, 'bundleIdPattern'>,
): NestedBundle[] =>
  nested.filter(
    (bundle) =>
      needsOwnProfile(platform, bundle) &&
      bundle.embeddedProfile === undefined &&
      coversBundleId(profile, bundle.bundleId),
  );
