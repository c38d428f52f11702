import { newDict, type PlistDict, type PlistValue, plistEquals } from '../../formats/plist/index.ts';
import { type ProvisioningProfile, profileKind } from '../profile/index.ts';
import { isAllowed, isTemplate } from './allowed.ts';
import type { DerivedEntitlements, EntitlementsInput } from './input.ts';
import { entitlementNotAllowed } from './not-allowed.ts';
import { hasVariables, type Identifiers, sidecarEntries } from './sidecar.ts';

const PUSH = 'aps-environment';
/** Asked for by texts in the Info.plist, not by entitlements. */
const CAPABILITIES_WITHOUT_ENTITLEMENT = ['camera', 'photo-library'];
/** Decided from the profile and the bundle, whatever a sidecar says. The sandbox key is refused on iOS (ITMS-90046). */
const DECIDED_HERE = [
  'application-identifier',
  'com.apple.developer.team-identifier',
  'get-task-allow',
  'beta-reports-active',
  'com.apple.security.app-sandbox',
];

export function iosEntitlements(input: EntitlementsInput): DerivedEntitlements {
  const { profile } = input;
  const teamId = profile?.teamIds[0] ?? input.teamId;
  const identifiers = { prefix: profile?.prefix ?? teamId, teamId, bundleId: input.bundleId };
  const requested = [
    ...sidecarEntries(input.explicit, DECIDED_HERE, identifiers),
    ...requestedEntitlements(input.manifest.iosCapabilities, profile),
  ];
  if (profile) refuseUnlisted(requested, profile);
  const extras = sidecarExtras(input.explicit ? undefined : input.sidecar, profile, identifiers);
  return {
    entitlements: newDict([...identity(identifiers), ...fromProfile(profile), ...extras.kept, ...requested]),
    cut: extras.cut,
  };
}

type Entry = [string, PlistValue];

const identity = ({ prefix, teamId, bundleId }: Identifiers): Entry[] =>
  prefix && teamId
    ? [
        ['application-identifier', `${prefix}.${bundleId}`],
        ['com.apple.developer.team-identifier', teamId],
      ]
    : [];

function fromProfile(profile: ProvisioningProfile | undefined): Entry[] {
  if (!profile) return [];
  const entries: Entry[] = [];
  if (profileKind(profile) === 'development') entries.push(['get-task-allow', true]);
  if (profile.entitlements['beta-reports-active'] === true) entries.push(['beta-reports-active', true]);
  return entries;
}

function requestedEntitlements(
  capabilities: readonly string[],
  profile: ProvisioningProfile | undefined,
): Entry[] {
  return capabilities
    .filter((name) => !CAPABILITIES_WITHOUT_ENTITLEMENT.includes(name))
    .map((name) => (name === 'push-notifications' ? [PUSH, pushEnvironment(profile)] : [name, true]));
}

/** A development profile allows `development` only. */
function pushEnvironment(profile: ProvisioningProfile | undefined): string {
  const allowed = profile?.entitlements[PUSH];
  return typeof allowed === 'string' && !isTemplate(allowed) ? allowed : 'production';
}

function refuseUnlisted(requested: readonly Entry[], profile: ProvisioningProfile): void {
  const refused = requested.filter(([key, value]) => !isAllowed(profile.entitlements, key, value));
  if (refused.length > 0) {
    throw entitlementNotAllowed(
      refused.map(([key]) => key),
      profile,
    );
  }
}

/** What the compiler wrote beside the app: kept as far as the profile goes, since nobody asked for it by name. */
function sidecarExtras(
  sidecar: PlistDict | undefined,
  profile: ProvisioningProfile | undefined,
  identifiers: Identifiers,
): { kept: Entry[]; cut: string[] } {
  const entries = sidecarEntries(sidecar, DECIDED_HERE, identifiers).map(
    ([key, value]): Entry => (key === PUSH ? [key, pushEnvironment(profile)] : [key, value]),
  );
  const restricted = entries.map(([key, value]) => ({ key, value, kept: restrict(key, value, profile) }));
  return {
    kept: restricted.flatMap(({ key, kept }): Entry[] => (kept === undefined ? [] : [[key, kept]])),
    cut: restricted
      .filter(({ value, kept }) => kept === undefined || !plistEquals(kept, value))
      .map(({ key }) => key),
  };
}

/** The value as far as it is concrete and allowed: of a list the items that are. */
function restrict(key: string, value: PlistValue, profile: ProvisioningProfile | undefined) {
  const fits = (part: PlistValue): boolean =>
    !isTemplate(part) && !hasVariables(part) && (!profile || isAllowed(profile.entitlements, key, part));
  if (!Array.isArray(value)) return fits(value) ? value : undefined;
  const items = value.filter(fits);
  return items.length > 0 ? items : undefined;
}
