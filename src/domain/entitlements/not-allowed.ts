import { ShipError } from '../../errors.ts';
import type { ProvisioningProfile } from '../profile/index.ts';

export function entitlementNotAllowed(
  keys: readonly string[],
  profile: ProvisioningProfile | undefined,
): ShipError {
  const list = keys.join(', ');
  return new ShipError('ENTITLEMENT_NOT_ALLOWED', {
    summary: `The app asks for ${list}, which its provisioning profile does not allow.`,
    reason: profile
      ? `The profile "${profile.name.slice(0, 100)}" for "${profile.bundleIdPattern}" lists no such permission.`
      : 'There is no provisioning profile.',
    nextStep:
      'Switch the capability on for the app identifier in the Apple developer account and use a new profile, or leave it out of the entitlements.',
  });
}
