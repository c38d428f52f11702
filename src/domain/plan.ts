import { wording } from '../../machines/contracts/wording.ts';
import { ShipError } from '../errors.ts';
import { credentialName, credentialNames, words } from '../words.ts';
import type { CredentialsSummary } from './credentials/index.ts';
import type { IdentityPurpose } from './identity/index.ts';
import type { Manifest, Notarize, Platform } from './manifest/index.ts';
import { slug } from './slug.ts';

export type Container = 'dmg' | 'pkg' | 'ipa';

/** Where the app is to go; `package` is nowhere: it is only signed and packed. `both` are `notarize` and `appstore`. */
export type Destination = 'package' | 'notarize' | 'appstore' | 'testflight' | 'both';

/** Everything that is to happen in one sign job, decided once from its manifest and credentials. */
export interface SignPlan {
  readonly platform: Platform;
  readonly destination: Destination;
  /** In this order, each on a fresh copy of the bundle. */
  readonly passes: readonly [SignPass, ...SignPass[]];
}

/** One signature over the whole app, and what becomes of it. */
export interface SignPass {
  readonly container: Container;
  /** How users get what is signed here: from the developer (Developer ID, build only) or from the App Store. */
  readonly distribution: 'direct' | 'store';
  readonly identity: 'adhoc' | 'supplied';
  /** What the signing identity has to be for. */
  readonly purpose: IdentityPurpose;
  /** What the identity that signs the installer package has to be for; absent where none is made. */
  readonly installerPurpose?: IdentityPurpose;
  /** Which of the sent PKCS#12 files holds the signing identity; absent for ad hoc. */
  readonly p12?: 'main' | 'notarize';
  /** The provisioning profile of the job is for what this pass makes; with `both`, for the one that goes to the store. */
  readonly takesProfile: boolean;
  /** There is a profile, and it goes into the app: one that goes to no store carries one for Developer ID only. */
  readonly embedsProfile: boolean;
  readonly hardenedRuntime: boolean;
  /** Which time-stamp setting applies: Apple wants one on direct distribution, and may refuse one in its stores. */
  readonly timestamp: 'direct' | 'store';
  readonly notarizes: boolean;
  /** What carries Apple's ticket in the end, in this order, each after a submission of its own. */
  readonly staples: readonly ('image' | 'app')[];
  /** Its artifact goes to App Store Connect. */
  readonly publishes: boolean;
  /** Its artifact goes to the sender of the job: that of exactly one pass does. */
  readonly delivers: boolean;
}

/**
 * @param notarize - how often to submit to Apple, where the manifest does not say
 * @throws ShipError CREDENTIAL_MISSING when the job cannot be signed the way it asks for
 */
export function planJob(
  manifest: Manifest,
  credentials: CredentialsSummary,
  notarize: Notarize = 'twice',
): SignPlan {
  const plan = draftPlan(manifest, credentials, notarize);
  const [first] = missingP12(plan, credentials);
  if (first) throw first;
  return plan;
}

/** What would be done, also when a credential that it needs was not sent. */
export function draftPlan(
  manifest: Manifest,
  credentials: CredentialsSummary,
  notarize: Notarize = 'twice',
): SignPlan {
  return manifest.platform === 'ios'
    ? planIos(manifest, credentials)
    : planMacos(manifest, credentials, manifest.notarize ?? notarize);
}

/** Everything that a plan needs and that was not sent, each as a CREDENTIAL_MISSING. */
export const missingCredentials = (plan: SignPlan, credentials: CredentialsSummary): ShipError[] => [
  ...missingP12(plan, credentials),
  ...missingApiKey(plan, credentials),
];

export const notarizes = ({ passes }: Pick<SignPlan, 'passes'>): boolean =>
  passes.some((pass) => pass.notarizes);
export const publishes = ({ passes }: Pick<SignPlan, 'passes'>): boolean =>
  passes.some((pass) => pass.publishes);

const planIos = ({ iosDistribute }: Manifest, { hasProfile }: CredentialsSummary): SignPlan => ({
  platform: 'ios',
  destination: iosDistribute ?? 'package',
  passes: [
    {
      container: 'ipa',
      distribution: iosDistribute ? 'store' : 'direct',
      identity: 'supplied',
      purpose: iosDistribute ? 'ios-store' : 'ios-direct',
      p12: 'main',
      takesProfile: true,
      embedsProfile: hasProfile,
      hardenedRuntime: false,
      timestamp: 'store',
      notarizes: false,
      staples: [],
      publishes: iosDistribute !== undefined,
      delivers: true,
    },
  ],
});

/** `both` are two passes, because the two ways of distribution want another signature each, on the same code. */
function planMacos(
  { macosDistribute, macosPackage }: Manifest,
  credentials: CredentialsSummary,
  notarize: Notarize,
): SignPlan {
  const destination = macosDistribute ?? (credentials.hasApiKey ? 'notarize' : 'package');
  const passes = macosPasses(destination, credentials, notarize);
  return { platform: 'macos', destination, passes: macosPackage === 'pkg' ? inPackages(passes) : passes };
}

function macosPasses(
  destination: Destination,
  credentials: CredentialsSummary,
  notarize: Notarize,
): SignPlan['passes'] {
  if (destination === 'both')
    return [directPass('notarize', STAPLED[notarize]), { ...storePass(credentials), delivers: false }];
  if (destination === 'appstore' || destination === 'testflight') return [storePass(credentials)];
  const isAdHoc = destination === 'package' && !credentials.hasMainP12;
  const staples = destination === 'notarize' ? STAPLED[notarize] : [];
  const pass = directPass(isAdHoc ? undefined : 'main', staples);
  const embedsProfile = !isAdHoc && credentials.hasDeveloperIdProfile;
  return [{ ...pass, takesProfile: true, embedsProfile }];
}

/**
 * Twice: Apple looks into the first image and makes tickets for all code in it. That of the app is attached to the app,
 * and the image made anew with it; that is another file to Apple, and is submitted again. The app that is copied out of
 * the image carries its ticket, and starts without a network wherever it is copied to.
 *
 * Once: the image alone is stapled. The app in it has no ticket of its own: when it is started first on a Mac that has
 * never opened the image, that Mac asks Apple.
 */
const STAPLED = { twice: ['app', 'image'], once: ['image'] } as const satisfies Record<
  Notarize,
  SignPass['staples']
>;

const directPass = (p12: SignPass['p12'], staples: SignPass['staples']): SignPass => ({
  container: 'dmg',
  distribution: 'direct',
  ...(p12 ? { identity: 'supplied', p12 } : { identity: 'adhoc' }),
  purpose: staples.length > 0 ? 'macos-notarized' : 'macos-direct',
  // a profile for the store is none for what is distributed directly, and `both` comes with that one
  takesProfile: false,
  embedsProfile: false,
  hardenedRuntime: true,
  timestamp: 'direct',
  notarizes: staples.length > 0,
  staples,
  publishes: false,
  delivers: true,
});

/** What is distributed directly comes in an installer package, not on a disk image. */
const inPackages = ([first, ...rest]: SignPlan['passes']): SignPlan['passes'] => [
  inPackage(first),
  ...rest.map(inPackage),
];

/**
 * The ticket of a package covers what is in it, and the Installer leaves a copy of it on the Mac that it installs on: one
 * submission serves the app as well.
 */
const inPackage = (pass: SignPass): SignPass =>
  pass.container === 'pkg'
    ? pass
    : {
        ...pass,
        container: 'pkg',
        installerPurpose: 'macos-direct-installer',
        staples: pass.notarizes ? ['image'] : [],
      };

/** The Mac App Store takes an installer package, neither hardened nor notarized. */
const storePass = ({ hasProfile }: CredentialsSummary): SignPass => ({
  container: 'pkg',
  distribution: 'store',
  identity: 'supplied',
  purpose: 'macos-store',
  installerPurpose: 'macos-store-installer',
  p12: 'main',
  takesProfile: true,
  embedsProfile: hasProfile,
  hardenedRuntime: false,
  timestamp: 'store',
  notarizes: false,
  staples: [],
  publishes: true,
  delivers: true,
});

const missingP12 = ({ platform, passes }: SignPlan, credentials: CredentialsSummary): ShipError[] =>
  passes.flatMap((pass) => {
    if (!pass.p12) return [];
    const isThere = pass.p12 === 'main' ? credentials.hasMainP12 : credentials.hasNotarizeP12;
    return isThere ? [] : [p12Missing(platform, pass)];
  });

function p12Missing(platform: Platform, pass: SignPass): ShipError {
  const isMain = pass.p12 === 'main';
  const field = isMain ? 'apple_certificate_p12_base64' : 'apple_notarize_certificate_p12_base64';
  return new ShipError('CREDENTIAL_MISSING', {
    summary: wording`The app cannot be signed without ${credentialName(field)}: ${purpose(platform, pass)} needs a signing identity.`,
    reason: 'No such PKCS#12 file was given.',
    nextStep: isMain
      ? wording`${words.configure} ${words.signingCertificate}, and try again.`
      : wording`${words.configure} ${words.notarizeCertificate}, and try again.`,
  });
}

function purpose(platform: Platform, pass: SignPass): string {
  if (platform === 'ios') return 'an iOS app';
  if (pass.publishes) return 'an app for the Mac App Store';
  return 'an app that is to be notarized';
}

/** What goes to Apple goes under a key. @throws ShipError CREDENTIAL_MISSING names the fields */
export function requireApiKey(plan: SignPlan, credentials: CredentialsSummary): void {
  const [first] = missingApiKey(plan, credentials);
  if (first) throw first;
}

export const needsApiKey = (plan: SignPlan): boolean => notarizes(plan) || publishes(plan);

function missingApiKey(plan: SignPlan, { hasApiKey, apiKeyLacks }: CredentialsSummary): ShipError[] {
  if (hasApiKey || !needsApiKey(plan)) return [];
  const what = notarizes(plan) ? 'notarized' : 'sent to App Store Connect';
  return [
    new ShipError('CREDENTIAL_MISSING', {
      summary: wording`The app cannot be ${what} without ${credentialNames(apiKeyLacks)}: an App Store Connect API key is needed.`,
      reason: 'No complete API key was given.',
      nextStep: wording`${words.configure} ${words.apiKey}, and try again.`,
    }),
  ];
}

/** File name of what the job delivers, plain ASCII: `Tide_Clock-<job id>.dmg`. */
export const artifactName = (manifest: Pick<Manifest, 'appName'>, jobId: string, ending: string): string =>
  `${slug(manifest.appName, 'app')}-${slug(jobId, 'job')}.${ending}`;

/** Of two passes that make a package, the one that is not delivered is named after where it goes. */
export const endingOf = (plan: Pick<SignPlan, 'passes'>, pass: SignPass): string =>
  !pass.delivers && plan.passes.some((other) => other !== pass && other.container === pass.container)
    ? `${pass.distribution}.${pass.container}`
    : pass.container;
