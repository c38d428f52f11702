import type { Manifest, Platform } from '../manifest/index.ts';
import type { SignPlan } from '../plan.ts';
import type { PlistDict } from '../plist/index.ts';
import type { ProvisioningProfile } from '../profile/index.ts';

export interface EntitlementsInput {
  readonly platform: Platform;
  readonly plan: Pick<SignPlan, 'distribution'>;
  readonly manifest: Pick<Manifest, 'entitlements' | 'iosCapabilities'>;
  readonly profile?: ProvisioningProfile;
  /** Content of the `app.entitlements` that the compiler puts beside the executable. */
  readonly sidecar?: PlistDict;
  readonly bundleId: string;
  readonly teamId?: string;
}

export interface DerivedEntitlements {
  readonly entitlements: PlistDict;
  /** Sentences for the log of the job. */
  readonly warnings: readonly string[];
}
