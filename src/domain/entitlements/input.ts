import type { PlistDict } from '../../formats/plist/index.ts';
import type { Manifest, Platform } from '../manifest/index.ts';
import type { SignPass } from '../plan.ts';
import type { ProvisioningProfile } from '../profile/index.ts';

export interface EntitlementsInput {
  readonly platform: Platform;
  readonly plan: Pick<SignPass, 'distribution'>;
  readonly manifest: Pick<Manifest, 'entitlements' | 'iosCapabilities'>;
  readonly profile?: ProvisioningProfile;
  /** Content of the `app.entitlements` that the compiler puts beside the executable. */
  readonly sidecar?: PlistDict;
  /** An entitlements file that was given for this very signature: all of it is asked for, the sidecar is not. */
  readonly explicit?: PlistDict;
  readonly bundleId: string;
  readonly teamId?: string;
}

export interface DerivedEntitlements {
  readonly entitlements: PlistDict;
  /** Keys of the sidecar that are left out, or lose a part of their value. */
  readonly cut: readonly string[];
}
