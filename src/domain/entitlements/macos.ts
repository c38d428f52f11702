import { wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { newDict, type PlistValue } from '../../formats/plist/index.ts';
import { credentialName, words } from '../../words.ts';
import { isAllowed } from './allowed.ts';
import type { DerivedEntitlements, EntitlementsInput } from './input.ts';
import { entitlementNotAllowed } from './not-allowed.ts';
import { sidecarEntries } from './sidecar.ts';

const SANDBOX = 'com.apple.security.app-sandbox';
const APPLICATION_IDENTIFIER = 'com.apple.application-identifier';
const TEAM_IDENTIFIER = 'com.apple.developer.team-identifier';
const DEBUGGING = 'com.apple.security.get-task-allow';
/** Sandbox permissions and hardened-runtime exceptions: every app may have them, with or without a profile. */
const FREE_PREFIX = 'com.apple.security.';

type Entry = [string, PlistValue];
/** True for what needs no profile. */
export const isFree = (key: string): boolean => key.startsWith(FREE_PREFIX);

/** Developer ID and ad hoc: exactly what the project asks for; with a profile, whose app it is as well. */
export function macosDirectEntitlements(input: EntitlementsInput): DerivedEntitlements {
  const { profile, bundleId } = input;
  const decidedElsewhere = [APPLICATION_IDENTIFIER, TEAM_IDENTIFIER, SANDBOX, DEBUGGING];
  const extras = sidecarExtras(input, decidedElsewhere);
  if (!profile)
    return { entitlements: newDict([...extras.kept, ...requestedEntitlements(input)]), cut: extras.cut };
  const identifiers = [APPLICATION_IDENTIFIER, TEAM_IDENTIFIER];
  const requested = requestedEntitlements(input).filter(([key]) => !identifiers.includes(key));
  refuseUnlisted(requested, input);
  const identity = identityOf(profile.prefix, profile.teamIds[0] ?? profile.prefix, bundleId);
  return { entitlements: newDict([...extras.kept, ...requested, ...identity]), cut: extras.cut };
}

/** By these the system finds the profile that permits the rest. */
const identityOf = (prefix: string, teamId: string, bundleId: string): Entry[] => [
  [APPLICATION_IDENTIFIER, `${prefix}.${bundleId}`],
  [TEAM_IDENTIFIER, teamId],
];

/** Mac App Store: the sandbox is mandatory, and the app says whose it is. */
export function macosStoreEntitlements(input: EntitlementsInput): DerivedEntitlements {
  const teamId = input.profile?.teamIds[0] ?? input.teamId;
  if (!teamId) throw teamMissing();
  const decidedHere = [SANDBOX, APPLICATION_IDENTIFIER, TEAM_IDENTIFIER];
  const requested = requestedEntitlements(input).filter(([key]) => !decidedHere.includes(key));
  refuseUnlisted(requested, input);
  const extras = sidecarExtras(input, [...decidedHere, DEBUGGING]);
  const identity: Entry[] = [
    [SANDBOX, true],
    ...identityOf(input.profile?.prefix ?? teamId, teamId, input.bundleId),
  ];
  return { entitlements: newDict([...extras.kept, ...requested, ...identity]), cut: extras.cut };
}

const requestedEntitlements = (input: EntitlementsInput): Entry[] => [
  ...sidecarEntries(input.explicit, [], identifiersOf(input)),
  ...input.manifest.entitlements.map((key): Entry => [key, true]),
];

const identifiersOf = ({ profile, teamId, bundleId }: EntitlementsInput) => ({
  prefix: profile?.prefix ?? teamId,
  teamId: profile?.teamIds[0] ?? teamId,
  bundleId,
});

function refuseUnlisted(requested: readonly Entry[], { profile }: EntitlementsInput): void {
  const allowList = profile?.entitlements ?? newDict();
  const refused = requested
    .filter(([, value]) => value !== false)
    .filter(([key, value]) => key === DEBUGGING || (!isFree(key) && !isAllowed(allowList, key, value)))
    .map(([key]) => key);
  if (refused.length > 0) throw entitlementNotAllowed(refused, profile);
}

/** What the compiler wrote beside the app: kept as far as every app may have it, or the profile allows it. */
function sidecarExtras(
  input: EntitlementsInput,
  decidedElsewhere: readonly string[],
): { kept: Entry[]; cut: string[] } {
  const sidecar = input.explicit ? undefined : input.sidecar;
  const entries = sidecarEntries(sidecar, decidedElsewhere, identifiersOf(input));
  const allowList = input.profile?.entitlements ?? newDict();
  const isKept = ([key, value]: Entry): boolean => isFree(key) || isAllowed(allowList, key, value);
  return {
    kept: entries.filter(isKept),
    cut: entries.filter((entry) => !isKept(entry)).map(([key]) => key),
  };
}

const teamMissing = (): ShipError =>
  new ShipError('CREDENTIAL_MISSING', {
    summary: wording`The app cannot be signed for the Mac App Store without ${credentialName('apple_team_id')}.`,
    reason: 'Its entitlements must name the team, and there is neither a team id nor a provisioning profile.',
    nextStep: wording`${words.configure} ${words.projectTeamId}, and try again.`,
  });
