import type { ApiKey } from '../adapters/apple/api-token.ts';
import type { BundleSurvey } from '../domain/bundle/index.ts';
import type { SuppliedP12 } from '../domain/credentials/index.ts';
import type { NamedVariants } from '../domain/icons/index.ts';
import type { Destination, SignPass } from '../domain/plan.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import type { Severity } from './finding.ts';

export type PreflightTarget = 'macos-sign' | 'ios-sign';

/** Credentials of a job. All of it is secret but the profile and the team. */
export interface PreflightCredentials {
  readonly main?: SuppliedP12;
  /** For the notarized half of `both`. */
  readonly notarize?: SuppliedP12;
  readonly installer?: SuppliedP12;
  readonly profile?: Buffer;
  /** One that was given and goes into nothing that is signed. */
  readonly unusedProfile?: Buffer;
  readonly teamId?: string;
  /** App Store Connect API key, for what goes to Apple. */
  readonly apiKey?: ApiKey;
}

/** What the project asks for, beside what is in the bundle. */
export interface PreflightWishes {
  /** Boolean entitlement keys (macOS). */
  readonly entitlements?: readonly string[];
  /** iOS: names of capabilities or entitlement keys. */
  readonly capabilities?: readonly string[];
  /** A whole entitlements file; `app.entitlements` of the bundle is then not used. */
  readonly explicitEntitlements?: PlistDict;
  /** Will be written into the Info.plist (macOS). */
  readonly category?: string;
  /** Where in the project the dark and the tinted icon lie (iOS). */
  readonly iconVariants?: NamedVariants;
}

/** Everything that the rules go by: plain facts, read before. */
export interface PreflightInput {
  readonly target: PreflightTarget;
  readonly distribution: Destination;
  readonly survey: BundleSurvey;
  /** Absent: only the bundle itself is looked at. */
  readonly credentials?: PreflightCredentials;
  /** The signatures that are made with the credentials. */
  readonly passes?: readonly SignPass[];
  readonly wishes?: PreflightWishes;
  /** Roots that may have signed provisioning profiles beside Apple's, DER. */
  readonly trustRoots?: readonly Buffer[];
  /** What a profile that Apple did not sign is, when the app does not go to a store; there it is an error. */
  readonly untrustedProfile?: Severity;
  /** True when the installer certificate must be among the credentials of a Mac App Store build. */
  readonly wantsInstaller?: boolean;
  readonly now: Date;
}

/** The input, and what follows from it for all rules. */
export interface Context extends PreflightInput {
  readonly platform: 'macos' | 'ios';
  readonly toStore: boolean;
  readonly toNotary: boolean;
  /** Of what only Apple's stores refuse. */
  readonly inStore: Severity;
  readonly wishes: PreflightWishes;
}

export function contextOf(input: PreflightInput): Context {
  const { distribution, wishes = {} } = input;
  const toStore = distribution !== 'package' && distribution !== 'notarize';
  return {
    ...input,
    wishes,
    platform: input.target === 'ios-sign' ? 'ios' : 'macos',
    toStore,
    toNotary: distribution === 'notarize' || distribution === 'both',
    inStore: toStore ? 'error' : 'warning',
  };
}

const MAX_NAMED = 5;

/** Names from a bundle, quoted, as a list that stays readable. */
export function listed(names: readonly string[], quote: (name: string) => string): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return `${names.slice(0, MAX_NAMED).map(quote).join(', ')}${more}`;
}
