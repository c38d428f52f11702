import { parseProfile, sharingProfile } from '../../domain/profile/index.ts';
import { writeEmbeddedProfile } from '../../files/bundle/index.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/**
 * The profile as it was sent, as fresh bytes: what Apple signed must not be changed. One that covers extensions as
 * well goes into each of them that brought none.
 */
export async function embedProfile({ results }: StepScope): Promise<void> {
  const { profile } = need(results, 'credentials');
  if (!profile) throw new Error('the plan embeds a profile that was not sent');
  const { appPath } = need(results, 'found');
  const facts = need(results, 'facts');
  const sharing = sharingProfile(facts.platform, facts.nested, parseProfile(profile));
  for (const path of ['', ...sharing.map((bundle) => bundle.path)])
    await writeEmbeddedProfile(appPath, facts, profile, path);
}
