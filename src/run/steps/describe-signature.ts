import type { SignatureFacts } from '../../audit/facts.ts';
import type { BuiltWith } from '../../domain/bundle/index.ts';
import type { SigningIdentity } from '../../domain/identity/index.ts';
import { parseProfile } from '../../domain/profile/index.ts';
import { need } from '../run-results.ts';
import { materialOf, passOf, type StepScope } from './step.ts';

/**
 * What was signed, with which identity, and what it was made of, for the account of signatures. In `facts`, all texts of
 * which are freed from secrets on their way.
 */
export async function describeSignature(scope: StepScope): Promise<{ readonly facts: SignatureFacts }> {
  const { results, pass } = scope;
  const { identity, installer } = materialOf(scope);
  const { bundleId, shortVersion, version, platform, builtWith } = need(results, 'facts');
  return {
    facts: {
      platform,
      app: {
        name: clipped(need(results, 'manifest').appName),
        bundleId: clipped(bundleId),
        shortVersion: clippedOrNull(shortVersion),
        version: clippedOrNull(version),
      },
      builtWith: builtWith ? clippedBuild(builtWith) : null,
      identity: identity ? certificateOf(identity) : null,
      installer: installer ? certificateOf(installer) : null,
      profile: profileOf(scope),
      received: results.received ?? null,
      signed: results.signed?.get(pass) ?? null,
    },
  };
}

const MOST_CHARACTERS = 300;
const MOST_SUBJECT_CHARACTERS = 1_000;

const clipped = (text: string): string => text.slice(0, MOST_CHARACTERS);
const clippedOrNull = (text: string | null | undefined): string | null =>
  typeof text === 'string' ? clipped(text) : null;

const clippedBuild = ({ xcode, xcodeBuild, sdk, platformVersion }: BuiltWith): BuiltWith => ({
  ...{ xcode: clippedOrNull(xcode), xcodeBuild: clippedOrNull(xcodeBuild) },
  ...{ sdk: clippedOrNull(sdk), platformVersion: clippedOrNull(platformVersion) },
});

function certificateOf({ certificate: { x509, sha256Hex, teamId } }: SigningIdentity) {
  return {
    subject: x509.subject.replaceAll('\n', ', ').slice(0, MOST_SUBJECT_CHARACTERS),
    serialNumber: x509.serialNumber.slice(0, 100),
    sha256Hex,
    teamId: clippedOrNull(teamId),
  };
}

/** That which goes into the app. */
function profileOf(scope: StepScope): SignatureFacts['profile'] {
  const { profile } = need(scope.results, 'credentials');
  if (!profile || !passOf(scope).embedsProfile) return null;
  const { uuid, name } = parseProfile(profile);
  return { uuid: clipped(uuid), name: clipped(name) };
}
