import { ShipError } from '../errors.ts';
import type { CredentialsSummary } from './credentials/index.ts';
import type { Manifest, Platform } from './manifest/index.ts';
import { slug } from './slug.ts';

export type Container = 'dmg' | 'ipa';

/** Everything that is to happen in one sign job, decided once from its manifest and credentials. */
export interface SignPlan {
  readonly platform: Platform;
  readonly container: Container;
  /** How users get what is signed here: from the developer (Developer ID, build only) or from the App Store. */
  readonly distribution: 'direct' | 'store';
  readonly identity: 'adhoc' | 'supplied';
  /** Which of the sent PKCS#12 files holds the signing identity; absent for ad hoc. */
  readonly p12?: 'main' | 'notarize';
  readonly embedsProfile: boolean;
  readonly hardenedRuntime: boolean;
  /** Which time-stamp setting applies: Apple wants one on direct distribution, and may refuse one in its stores. */
  readonly timestamp: 'direct' | 'store';
  readonly wantsNotarization: boolean;
  /** What carries Apple's ticket in the end. */
  readonly staples: readonly ('image' | 'app')[];
  readonly wantsStore: boolean;
}

/**
 * @throws ShipError CREDENTIAL_MISSING when the job cannot be signed the way it asks for
 */
export function planJob(manifest: Manifest, credentials: CredentialsSummary): SignPlan {
  const plan =
    manifest.platform === 'ios' ? planIos(manifest, credentials) : planMacos(manifest, credentials);
  if (plan.p12) requireP12(plan.p12, plan, credentials);
  if (plan.p12 && plan.wantsStore) requireP12('main', plan, credentials);
  return plan;
}

const planIos = (manifest: Manifest, credentials: CredentialsSummary): SignPlan => ({
  platform: 'ios',
  container: 'ipa',
  distribution: manifest.iosDistribute ? 'store' : 'direct',
  identity: 'supplied',
  p12: 'main',
  embedsProfile: credentials.hasProfile,
  hardenedRuntime: false,
  timestamp: 'store',
  wantsNotarization: false,
  staples: [],
  wantsStore: manifest.iosDistribute !== undefined,
});

/**
 * One submission: the app is signed, packed, the image signed, and the image alone is submitted and stapled. Apple looks
 * into the image, and the ticket of the outermost container covers everything in it, so that the image opens, and
 * the app in it starts, without a network. Stapling the app as well would need a first submission of its own before the
 * image is made (an image that is made anew is another file to Apple, to be submitted again): twice the wait, for
 * the one case that a copied app is started first on a Mac that has neither network nor ever seen the image.
 */
const NOTARIZED = ['image'] as const;

/** `both` is planned as its first pass, the one for direct distribution; the store pass signs a fresh copy. */
function planMacos(manifest: Manifest, credentials: CredentialsSummary): SignPlan {
  const wish = manifest.macosDistribute ?? (credentials.hasApiKey ? 'notarize' : 'package');
  const storeOnly = wish === 'appstore' || wish === 'testflight';
  const wantsNotarization = wish === 'notarize' || wish === 'both';
  const p12 = wish === 'both' ? 'notarize' : 'main';
  const adhoc = wish === 'package' && !credentials.hasMainP12;
  return {
    platform: 'macos',
    container: 'dmg',
    distribution: storeOnly ? 'store' : 'direct',
    ...(adhoc ? { identity: 'adhoc' } : { identity: 'supplied', p12 }),
    embedsProfile: storeOnly && credentials.hasProfile,
    hardenedRuntime: !storeOnly,
    timestamp: storeOnly ? 'store' : 'direct',
    wantsNotarization,
    staples: wantsNotarization ? NOTARIZED : [],
    wantsStore: storeOnly || wish === 'both',
  };
}

function requireP12(which: 'main' | 'notarize', plan: SignPlan, credentials: CredentialsSummary): void {
  if (which === 'main' ? credentials.hasMainP12 : credentials.hasNotarizeP12) return;
  const field = which === 'main' ? 'apple_certificate_p12_base64' : 'apple_notarize_certificate_p12_base64';
  throw new ShipError('CREDENTIAL_MISSING', {
    summary: `The job cannot be signed without ${field}: ${purpose(plan)} needs a signing identity.`,
    reason: 'The credentials of the job hold no such PKCS#12 file.',
    nextStep: 'Configure the signing certificate (.p12) of the project and send the job again.',
  });
}

function purpose(plan: SignPlan): string {
  if (plan.platform === 'ios') return 'an iOS app';
  if (plan.wantsStore) return 'an app for the Mac App Store';
  return 'an app that is to be notarized';
}

/** What goes to Apple goes under a key. @throws ShipError CREDENTIAL_MISSING names the fields */
export function requireApiKey(plan: SignPlan, { hasApiKey, apiKeyLacks }: CredentialsSummary): void {
  if (hasApiKey || !(plan.wantsNotarization || plan.wantsStore)) return;
  const what = plan.wantsNotarization ? 'notarized' : 'sent to App Store Connect';
  throw new ShipError('CREDENTIAL_MISSING', {
    summary: `The job cannot be ${what} without ${apiKeyLacks.join(', ')}: an App Store Connect API key is needed.`,
    reason: 'The credentials of the job hold no complete API key.',
    nextStep: 'Configure the App Store Connect API key of the project and send the job again.',
  });
}

/** File name of what the job delivers, plain ASCII: `Tide_Clock-<job id>.dmg`. */
export const artifactName = (
  manifest: Pick<Manifest, 'appName'>,
  jobId: string,
  container: Container,
): string => `${slug(manifest.appName, 'app')}-${slug(jobId, 'job')}.${container}`;
