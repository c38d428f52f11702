import type { DerivedEntitlements, EntitlementsInput } from './input.ts';
import { iosEntitlements } from './ios.ts';
import { macosDirectEntitlements, macosStoreEntitlements } from './macos.ts';

/**
 * The entitlements that the main executable is signed with: what the project asks for, plus what identifies the
 * app, never more than the provisioning profile allows and never the templates that profiles hold.
 *
 * @throws ShipError ENTITLEMENT_NOT_ALLOWED · CREDENTIAL_MISSING
 * @see https://developer.apple.com/documentation/bundleresources/entitlements
 */
export function deriveEntitlements(input: EntitlementsInput): DerivedEntitlements {
  if (input.platform === 'ios') return iosEntitlements(input);
  return input.plan.distribution === 'store' ? macosStoreEntitlements(input) : macosDirectEntitlements(input);
}
