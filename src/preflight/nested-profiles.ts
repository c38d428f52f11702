import type { NestedBundle } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { parseProfile } from '../domain/profile/index.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import type { Context } from './input.ts';
import { profileFindings } from './profile.ts';

/** What runs on a device, or in the store, only with a provisioning profile of its own. */
const needsProfile = ({ platform }: Context, { kind }: NestedBundle): boolean =>
  platform === 'ios' && (kind === 'appex' || kind === 'app');

/**
 * Profiles of app extensions and nested apps. They came with the bundle and stay in it, because one profile cannot
 * stand in for another.
 */
export function nestedProfileFindings(
  context: Context,
  signing: { readonly certificates: readonly Buffer[]; readonly teamId?: string },
): Finding[] {
  return context.survey.nested.flatMap((bundle) => {
    const { embeddedProfile } = bundle;
    const bytes =
      embeddedProfile === undefined ? undefined : context.survey.nestedProfiles.get(embeddedProfile);
    if (bytes) return present(context, bundle, bytes, signing);
    return needsProfile(context, bundle) && isAsked(context) ? [missing(context, bundle)] : [];
  });
}

/** A bundle alone may get its profiles later. */
const isAsked = ({ toStore, credentials }: Context): boolean => toStore || credentials?.profile !== undefined;

const missing = ({ inStore }: Context, { path }: NestedBundle): Finding =>
  finding('PROFILE_MISSING', inStore, {
    summary: `${shown(path)} has no provisioning profile of its own.`,
    reason: `There is no ${shown(`${path}/embedded.mobileprovision`)}.`,
    nextStep: 'Put the profile of that bundle into it before it is sent to be signed.',
  });

function present(
  context: Context,
  bundle: NestedBundle,
  bytes: Buffer,
  { certificates, teamId }: { readonly certificates: readonly Buffer[]; readonly teamId?: string },
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
    return [findingOf(thrown, context.inStore)];
  }
}
