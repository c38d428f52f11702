import { shown } from '../domain/bundle/shown.ts';
import { isAllowed } from '../domain/entitlements/allowed.ts';
import { hasVariables } from '../domain/entitlements/index.ts';
import type { ProvisioningProfile } from '../domain/profile/index.ts';
import type { PlistDict, PlistValue } from '../formats/plist/index.ts';
import { type Finding, finding, type Severity } from './finding.ts';
import type { Context } from './input.ts';

const GROUPS = 'com.apple.security.application-groups';
/** Whose values begin with a team or an application identifier prefix. */
const PREFIXED = [
  GROUPS,
  'keychain-access-groups',
  'com.apple.developer.ubiquity-kvstore-identifier',
  'com.apple.developer.ubiquity-container-identifiers',
  'com.apple.developer.pass-type-identifiers',
  'com.apple.developer.associated-appclip-app-identifiers',
  'com.apple.developer.parent-application-identifiers',
];
/** Signing writes them, whatever a file says. */
const DECIDED = [
  'application-identifier',
  'com.apple.application-identifier',
  'com.apple.developer.team-identifier',
];
const PREFIX = /^([A-Z0-9]{10})(?:\.|$)/;

/** What entitlements are asked for. */
export interface EntitlementsUse {
  readonly distribution: 'direct' | 'store';
  readonly bundleId: string;
  readonly teamId?: string;
  /** Only when it goes into what is signed here. */
  readonly profile?: ProvisioningProfile;
}

/** What belongs to somebody else than the app is signed for. An older account has prefixes that are not its team. */
export function foreignTeamFindings(
  context: Context,
  use: EntitlementsUse,
  entitlements: PlistDict,
): Finding[] {
  const own = prefixesOf(use);
  if (own.length === 0) return [];
  const { wishes, survey, inStore } = context;
  const isCertain = (key: string) => use.profile !== undefined || key === GROUPS;
  return [
    ...DECIDED.flatMap((key) => foreign(own, wishes.explicitEntitlements, key, 'error')),
    ...DECIDED.flatMap((key) =>
      foreign(own, wishes.explicitEntitlements ? undefined : survey.sidecar, key, 'warning'),
    ),
    ...PREFIXED.flatMap((key) =>
      foreign(own, without(entitlements, key, use), key, isCertain(key) ? inStore : 'warning'),
    ),
    ...nestedGroups(context, own),
  ];
}

const prefixesOf = ({ profile, teamId }: EntitlementsUse): string[] => [
  ...(profile ? [profile.prefix, ...profile.teamIds] : []),
  ...(teamId === undefined ? [] : [teamId]),
];

/** What the profile permits in so many words is ours, whoever made it. */
function without(entitlements: PlistDict, key: string, { profile }: EntitlementsUse): PlistDict | undefined {
  const value = entitlements[key];
  return value !== undefined && profile && isAllowed(profile.entitlements, key, value)
    ? undefined
    : entitlements;
}

/** On macOS helpers keep the groups that they were signed with before. */
function nestedGroups({ platform, survey, inStore }: Context, own: readonly string[]): Finding[] {
  if (platform !== 'macos') return [];
  return [...survey.existingEntitlements].flatMap(([path, existing]) =>
    path === survey.executable ? [] : foreign(own, existing, GROUPS, inStore, ` of ${shown(path)}`),
  );
}

function foreign(
  own: readonly string[],
  entitlements: PlistDict | undefined,
  key: string,
  severity: Severity,
  owner = '',
): Finding[] {
  const values = entitlements && Object.hasOwn(entitlements, key) ? entitlements[key] : undefined;
  const other = prefixesIn(values).find((prefix) => !own.includes(prefix));
  if (other === undefined) return [];
  return [
    finding('ENTITLEMENT_TEAM_WRONG', severity, {
      summary: `The entitlement ${key}${owner} names ${other}, and the app is signed for ${own[0]}.`,
      reason:
        'A value that begins with the team, or the application identifier prefix, of somebody else is refused.',
      nextStep: `Write ${own[0]} in its place, or remove ${key} from the entitlements.`,
    }),
  ];
}

const prefixesIn = (value: PlistValue | undefined): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((item) =>
    typeof item === 'string' && !hasVariables(item) ? (PREFIX.exec(item)?.[1] ?? []) : [],
  );
