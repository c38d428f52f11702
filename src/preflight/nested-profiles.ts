import type { NestedBundle } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import {
  needsOwnProfile,
  type ProvisioningProfile,
  parseProfile,
  sharingProfile,
} from '../domain/profile/index.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import type { Context } from './input.ts';
import { profileFindings } from './profile.ts';

interface Signing {
  readonly certificates: readonly Buffer[];
  readonly teamId?: string;
  /** The one of the app. */
  readonly profile?: ProvisioningProfile;
}

/**
 * Profiles of app extensions and nested apps. Those that came with the bundle stay in it; where there is none, a
 * wildcard profile of the app may serve as well.
 */
export function nestedProfileFindings(context: Context, signing: Signing): Finding[] {
  const { platform, survey } = context;
  const sharing = signing.profile ? sharingProfile(platform, survey.nested, signing.profile) : [];
  return survey.nested.flatMap((bundle) => {
    const { embeddedProfile } = bundle;
    const bytes =
      embeddedProfile === undefined ? undefined : context.survey.nestedProfiles.get(embeddedProfile);
    if (bytes) return present(context, bundle, bytes, signing);
    if (!needsOwnProfile(platform, bundle) || sharing.includes(bundle)) return [];
    return isAsked(context) ? [missing(context, bundle)] : [];
  });
}

/** A bundle alone may get its profiles later. */
const isAsked = ({ toStore, credentials }: Context): boolean => toStore || credentials?.profile !== undefined;

const missing = ({ inStore }: Context, { path }: NestedBundle): Finding =>
  finding('PROFILE_MISSING', inStore, {
    summary: `${shown(path)} has no provisioning profile of its own.`,
    reason: `There is no ${shown(`${path}/embedded.mobileprovision`)}, and the profile of the app does not cover it.`,
    nextStep: 'Put the profile of that bundle into it before the app is signed.',
  });

function present(
  context: Context,
  bundle: NestedBundle,
  bytes: Buffer,
  { certificates, teamId }: Signing,
): Finding[] {
  try {
    const findings = profileFindings(context, {
      profile: parseProfile(bytes),
      bytes,
      bundleId: bundle.bundleId,
      certificates,
      kinds: context.toStore && context.distribution !== 'both' ? ['store'] : [],
      owner: `of ${shown(bundle.path)}`,
      ...(teamId !== undefined && { teamId }),
    });
    return isAsked(context) ? findings : findings.map((found) => ({ ...found, severity: 'warning' }));
  } catch (thrown) {
    // the finished app is read back with its profiles: it would be refused then, wherever it goes
    return [findingOf(thrown)];
  }
}
