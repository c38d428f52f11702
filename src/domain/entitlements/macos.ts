import { ShipError } from '../../errors.ts';
import { newDict, type PlistValue } from '../plist/index.ts';
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
const isFree = (key: string): boolean => key.startsWith(FREE_PREFIX);

/** Developer ID and ad hoc: exactly what the project asks for. */
export function macosDirectEntitlements(input: EntitlementsInput): DerivedEntitlements {
  const requested = input.manifest.entitlements.map((key): Entry => [key, true]);
  const extras = freeExtras(input);
  return {
    entitlements: newDict([...extras.kept, ...requested]),
    warnings: [...requested.flatMap(([key]) => doubts(key)), ...extras.warnings],
  };
}

function doubts(key: string): string[] {
  if (key === DEBUGGING)
    return [`The entitlement ${key} lets anybody debug the app; Apple refuses to notarize it.`];
  if (isFree(key)) return [];
  return [`The entitlement ${key} needs a provisioning profile: macOS may refuse to start the app.`];
}

/** Mac App Store: the sandbox is mandatory, and the app says whose it is. */
export function macosStoreEntitlements(input: EntitlementsInput): DerivedEntitlements {
  const teamId = input.profile?.teamIds[0] ?? input.teamId;
  if (!teamId) throw teamMissing();
  const requested = input.manifest.entitlements
    .filter((key) => key !== SANDBOX)
    .map((key): Entry => [key, true]);
  refuseUnlisted(requested, input);
  const extras = freeExtras(input);
  const identity: Entry[] = [
    [SANDBOX, true],
    [APPLICATION_IDENTIFIER, `${input.profile?.prefix ?? teamId}.${input.bundleId}`],
    [TEAM_IDENTIFIER, teamId],
  ];
  return { entitlements: newDict([...extras.kept, ...requested, ...identity]), warnings: extras.warnings };
}

function refuseUnlisted(requested: readonly Entry[], { profile }: EntitlementsInput): void {
  const allowList = profile?.entitlements ?? newDict();
  const refused = requested
    .filter(([key, value]) => key === DEBUGGING || (!isFree(key) && !isAllowed(allowList, key, value)))
    .map(([key]) => key);
  if (refused.length > 0) throw entitlementNotAllowed(refused, profile);
}

function freeExtras({ sidecar, bundleId, teamId }: EntitlementsInput): { kept: Entry[]; warnings: string[] } {
  const decidedElsewhere = [SANDBOX, APPLICATION_IDENTIFIER, TEAM_IDENTIFIER, DEBUGGING];
  const entries = sidecarEntries(sidecar, decidedElsewhere, { prefix: teamId, teamId, bundleId });
  return {
    kept: entries.filter(([key]) => isFree(key)),
    warnings: entries
      .filter(([key]) => !isFree(key))
      .map(
        ([key]) =>
          `The entitlement ${key} of app.entitlements is left out: it is not one that every app may have.`,
      ),
  };
}

const teamMissing = (): ShipError =>
  new ShipError('CREDENTIAL_MISSING', {
    summary: 'The app cannot be signed for the Mac App Store without apple_team_id.',
    reason:
      'Its entitlements must name the team, and the job has neither a team id nor a provisioning profile.',
    nextStep: 'Configure the team id of the project and send the job again.',
  });
