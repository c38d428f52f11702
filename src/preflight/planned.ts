import type { BundleSurvey } from '../domain/bundle/index.ts';
import type { Credentials } from '../domain/credentials/index.ts';
import type { Manifest } from '../domain/manifest/index.ts';
import { needsApiKey, type SignPass, type SignPlan } from '../domain/plan.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import type { PreflightCredentials, PreflightInput } from './input.ts';

/** A job as it came, and what is made of it. */
export interface PlannedJob {
  readonly plan: SignPlan;
  readonly manifest: Manifest;
  /** Secret. */
  readonly credentials: Credentials;
}

export interface PlannedSurroundings {
  readonly survey: BundleSurvey;
  /** An entitlements file that was given for this very signature. */
  readonly entitlements?: PlistDict;
  /** DER; see `PreflightInput`. */
  readonly trustRoots: readonly Buffer[];
  readonly now: Date;
}

/** What the rules go by for a planned job. A job and `perry-ship check` both ask here, so that they never disagree. */
export function plannedInput(job: PlannedJob, around: PlannedSurroundings): PreflightInput {
  const { plan, manifest } = job;
  const { survey, entitlements, trustRoots, now } = around;
  return {
    target: plan.platform === 'ios' ? 'ios-sign' : 'macos-sign',
    distribution: plan.destination,
    passes: plan.passes,
    survey,
    credentials: usedCredentials(job),
    wishes: {
      entitlements: manifest.entitlements,
      capabilities: manifest.iosCapabilities,
      iconVariants: manifest.iconVariants,
      ...(manifest.category !== undefined && { category: manifest.category }),
      ...(entitlements && { explicitEntitlements: entitlements }),
    },
    wantsInstaller: true,
    trustRoots,
    // for one's own devices and tests; the stores take no such profile
    untrustedProfile: 'warning',
    now,
  };
}

/** Only what the plan uses: a certificate that came along for nothing may be as old as it likes. */
function usedCredentials({ plan, credentials }: PlannedJob): PreflightCredentials {
  const { main, notarize, installer, profile, teamId } = credentials;
  const isUsed = (p12: SignPass['p12']) => plan.passes.some((pass) => pass.p12 === p12);
  const embeds = plan.passes.some(({ embedsProfile }) => embedsProfile);
  return {
    ...(main && isUsed('main') && { main }),
    ...(notarize && isUsed('notarize') && { notarize }),
    ...(installer && plan.passes.some(({ container }) => container === 'pkg') && { installer }),
    ...(profile && (embeds ? { profile } : { unusedProfile: profile })),
    ...(teamId !== undefined && { teamId }),
    ...(needsApiKey(plan) && apiKeyOf(credentials)),
  };
}

function apiKeyOf({
  apiKeyId,
  apiIssuerId,
  apiPrivateKeyPem,
}: Credentials): Pick<PreflightCredentials, 'apiKey'> {
  if (apiKeyId === undefined || apiPrivateKeyPem === undefined) return {};
  return {
    apiKey: {
      keyId: apiKeyId,
      privateKeyPem: apiPrivateKeyPem,
      ...(apiIssuerId !== undefined && { issuerId: apiIssuerId }),
    },
  };
}
